import { parentPort } from 'node:worker_threads'
import * as ort from 'onnxruntime-node'
import { Runtime } from './runtime.ts'

// The entry of the worker thread in Node: serves the runtime over the thread's port.
const port = parentPort
if (port !== null) {
  const runtime = new Runtime(ort, { preallocates: true }, (reply, transfer) =>
    port.postMessage(reply, transfer),
  )
  port.on('message', (request) => runtime.accept(request))
}
