import * as ort from 'onnxruntime-web/wasm'
import { Runtime } from './runtime.ts'

// The entry of the dedicated worker in a page: serves the runtime over the worker's global port.
const runtime = new Runtime(ort, { preallocates: false }, (reply, transfer) => self.postMessage(reply, { transfer }))
self.addEventListener('message', (event) => runtime.accept(event.data))
