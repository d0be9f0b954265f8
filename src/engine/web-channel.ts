import type { Channel, ChannelListener } from './channel.ts'

/** Starts the dedicated worker that holds onnxruntime-web. */
export function openWebChannel({ onReply, onLost }: ChannelListener): Channel {
  const worker = new Worker(new URL('./web-worker.js', import.meta.url), { type: 'module' })
  worker.addEventListener('message', (event) => onReply(event.data))
  worker.addEventListener('error', (event) => onLost(event.message))
  return {
    send: (request, transfer = []) => worker.postMessage(request, [...transfer]),
    hold: () => {},
    close: async () => worker.terminate(),
  }
}
