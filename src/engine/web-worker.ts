import * as ort from 'onnxruntime-web/wasm'
import { Runtime } from './runtime.ts'

// The entry of the dedicated worker in a page: serves the runtime over the worker's global port.
// One thread: more of them need cross-origin isolation, gain little, and hang in some bundles.
ort.env.wasm.numThreads = 1
const runtime = new Runtime(ort, { preallocates: false }, (reply, transfer) =>
  self.postMessage(reply, { transfer }),
)
self.addEventListener('message', (event) => runtime.accept(event.data))
