import { Worker } from 'node:worker_threads'
import type { Channel, ChannelListener, ChannelOptions } from './channel.ts'

/** Starts the worker thread that holds onnxruntime-node. It does not keep the process alive unless an answer is awaited. */
export function openNodeChannel({ onReply, onLost }: ChannelListener, { execArgv }: ChannelOptions): Channel {
  // The sources run unbuilt as well: the worker's file ends as this one does.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  const worker = new Worker(
    new URL(`./node-worker${extension}`, import.meta.url),
    execArgv === undefined ? {} : { execArgv: [...execArgv] },
  )
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
