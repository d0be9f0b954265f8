import { Worker } from 'node:worker_threads'
import type { Channel, ChannelListener, ChannelOptions } from './channel.ts'

/** Starts the worker thread that holds onnxruntime-node. It does not keep the process alive unless an answer is awaited. */
export function openNodeChannel({ onReply, onLost }: ChannelListener, { execArgv }: ChannelOptions): Channel {
  // The file beside this one: the sources run unbuilt as well. Written so that bundlers for pages do not follow it.
  const entry = new URL(import.meta.url.replace(/node-channel(?=\.\w+$)/, 'node-worker'))
  const worker = new Worker(entry, execArgv === undefined ? {} : { execArgv: [...execArgv] })
  worker.unref()
  worker.on('message', onReply)
  worker.on('error', onLost)
  return {
    send: (request, transfer = []) => worker.postMessage(request, [...transfer]),
    hold: (awaited) => (awaited ? worker.ref() : worker.unref()),
    close: async () => {
      await worker.terminate()
    },
  }
}
