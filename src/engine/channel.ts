import type { Reply, Request } from './protocol.ts'

/** The way to the thread where runs happen and back. Messages arrive in the order in which they were sent. */
export interface Channel {
  send(request: Request, transfer?: readonly ArrayBuffer[]): void
  /** Keeps the process alive while answers are awaited, where that is a question. */
  hold(awaited: boolean): void
  close(): Promise<void>
}

/** What a channel calls back. */
export interface ChannelListener {
  onReply(reply: Reply): void
  /** The thread is gone; nothing will be answered any more. */
  onLost(cause: unknown): void
}

/** How the thread is started. */
export interface ChannelOptions {
  /** Command-line options of Node for the worker thread, for example to register a module loader. Default: those of the process. */
  readonly execArgv?: readonly string[]
}

/** Opens the channel that fits the place: a worker thread in Node, a dedicated worker in a page. */
export async function openChannel(listener: ChannelListener, options: ChannelOptions): Promise<Channel> {
  const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined
  if (inNode) return (await import('./node-channel.ts')).openNodeChannel(listener, options)
  return (await import('./web-channel.ts')).openWebChannel(listener)
}
