import type { Capability } from '../ir/emitter.ts'
import { castArray } from '../tensor/cast-array.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { toTypedArray } from '../tensor/to-typed-array.ts'
import { type Channel, type ChannelOptions, openChannel } from './channel.ts'
import type { Failure, Reply, Request, RunRequest, TensorMessage } from './protocol.ts'
import { StateError } from './state-error.ts'
import type { Storage } from './storage.ts'

/** How the engine is set up. */
export interface DeviceOptions extends ChannelOptions {
  /** Threads of one run; 0 leaves the choice to ONNX Runtime. Default: 0. */
  readonly threads?: number
  /**
   * Whether the threads of a run give up their core while they wait for its next operation, and memory is given back after each run but for one session's, so that sessions
   * for many shapes do not hold what each of them has once needed. Default: false, which is fastest where the same steps are run many times and nothing else is done.
   */
  readonly sparing?: boolean
}

/** A run as the recording thread asks for it. */
export interface RunOrder extends Omit<RunRequest, 'kind' | 'ticket' | 'feeds'> {
  readonly feeds: readonly Storage[]
}

interface Awaited {
  resolve(reply: Reply): void
  reject(cause: unknown): void
}

/** The place where runs happen, as the recording thread sees it: a queue of requests that are served in order. */
export class Device {
  /** What the engine can run beyond standard ONNX; known once `ready` has resolved. */
  readonly capabilities: Set<Capability> = new Set()
  /** Resolves when the engine has started. */
  readonly ready: Promise<void>
  /** Milliseconds that runs took in the runtime itself, and how many there were. */
  readonly stats: { runs: number; runMs: number } = { runs: 0, runMs: 0 }
  #channel: Channel | undefined
  #lost: unknown
  #lastTicket = 0
  #backlog: { request: Request; transfer: ArrayBuffer[] }[] = []
  readonly #awaited = new Map<number, Awaited>()
  #relieved: (() => void)[] = []
  #garbage: number[] = []
  readonly #collected = new FinalizationRegistry<number>((id) => this.#garbage.push(id))

  constructor(options: DeviceOptions = {}) {
    this.ready = this.#start(options)
    this.ready.catch(() => {})
  }

  async #start({ threads = 0, sparing = false, ...options }: DeviceOptions): Promise<void> {
    const onReply = (reply: Reply) => this.#receive(reply)
    const onLost = (cause: unknown) => this.#lose(cause)
    const channel = await openChannel({ onReply, onLost }, options)
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#awaited.set(0, { resolve, reject })
      channel.hold(true)
      channel.send({ kind: 'configure', threads, sparing, ticket: 0 })
    })
    for (const capability of reply.capabilities ?? []) this.capabilities.add(capability as Capability)
    this.#channel = channel
    for (const { request, transfer } of this.#backlog.splice(0)) channel.send(request, transfer)
    channel.hold(this.#awaited.size > 0)
  }

  /** Sends a request that is not answered. */
  send(request: Request, transfer: ArrayBuffer[] = []): void {
    if (this.#garbage.length > 0 && request.kind !== 'free') {
      const storages = this.#garbage.splice(0)
      this.send({ kind: 'free', storages })
    }
    if (this.#channel === undefined) this.#backlog.push({ request, transfer })
    else this.#channel.send(request, transfer)
  }

  /** Starts a run; the promise settles when it has ended, with its reply. */
  run({ feeds, ...order }: RunOrder): Promise<Reply> {
    const transfer: ArrayBuffer[] = []
    const sources = feeds.map((storage) => this.#source(storage, transfer))
    return this.#ask((ticket) => ({ kind: 'run', ticket, feeds: sources, ...order }), transfer)
  }

  /** Data of a stored tensor, in the dtype of its storage. */
  async read(storage: Storage): Promise<HostArray> {
    if (storage.host !== undefined) return storage.host
    const { tensor } = await this.#ask((ticket) => ({ kind: 'read', ticket, storage: storage.id }), [])
    if (tensor === undefined)
      throw new StateError('Cannot read a tensor: expected its data, got none (a bug in lowbit)')
    const array = fromTypedArray(tensor.data, storage.shape, tensor.dtype)
    return tensor.dtype === storage.dtype ? array : castArray(array, storage.dtype)
  }

  /** Requests that wait for their answer: runs for the most part. */
  get unanswered(): number {
    return this.#awaited.size
  }

  /** Waits until at most `count` requests are unanswered. */
  async relieved(count: number): Promise<void> {
    while (this.#awaited.size > count) await new Promise<void>((resolve) => this.#relieved.push(resolve))
  }

  /** Waits until everything that was sent before is done. */
  async settled(): Promise<void> {
    await this.#ask((ticket) => ({ kind: 'sync', ticket }), [])
  }

  /** Lets the runtime give up a tensor when its handle is garbage. */
  track(storage: Storage): void {
    this.#collected.register(storage, storage.id, storage)
  }

  /** Gives up a tensor now. */
  free(storage: Storage): void {
    this.#collected.unregister(storage)
    this.#garbage.push(storage.id)
  }

  /** Forgets about a tensor that a run takes over. */
  untrack(storage: Storage): void {
    this.#collected.unregister(storage)
  }

  /** Makes host data resident. */
  store(storage: Storage): void {
    if (storage.host === undefined || storage.resident) return
    const tensor = messageOf(storage.host, storage)
    storage.resident = true
    this.track(storage)
    this.send({ kind: 'store', storage: storage.id, tensor }, [transferable(tensor)])
  }

  /** Stops the thread, for good, once what it was sent is done: native code that is stopped in the middle of a run takes the process with it. */
  async close(): Promise<void> {
    await this.ready.catch(() => {})
    if (this.#channel !== undefined) await this.settled().catch(() => {})
    await this.#channel?.close()
    this.#lose('it was closed')
  }

  #source(storage: Storage, transfer: ArrayBuffer[]): number | TensorMessage {
    if (storage.host !== undefined && !storage.resident && (storage.isState || storage.reads++ > 0))
      this.store(storage)
    if (storage.resident || storage.host === undefined) return storage.id
    const message = messageOf(storage.host, storage)
    transfer.push(transferable(message))
    return message
  }

  #ask(request: (ticket: number) => Request, transfer: ArrayBuffer[]): Promise<Reply> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    const ticket = ++this.#lastTicket
    return new Promise((resolve, reject) => {
      this.#awaited.set(ticket, { resolve, reject })
      this.#channel?.hold(true)
      this.send(request(ticket), transfer)
    })
  }

  #receive(reply: Reply): void {
    const awaited = this.#awaited.get(reply.ticket)
    this.#awaited.delete(reply.ticket)
    if (this.#awaited.size === 0) this.#channel?.hold(false)
    for (const resolve of this.#relieved.splice(0)) resolve()
    if (reply.runMs !== undefined) {
      this.stats.runs++
      this.stats.runMs += reply.runMs
    }
    if (reply.failure === undefined) awaited?.resolve(reply)
    else awaited?.reject(new RunError(reply.failure))
  }

  #lose(cause: unknown): void {
    this.#lost = new StateError(
      `Cannot run on the engine: expected its thread to live, got "${String(cause)}"`,
      { cause },
    )
    for (const { reject } of this.#awaited.values()) reject(this.#lost)
    this.#awaited.clear()
    for (const resolve of this.#relieved.splice(0)) resolve()
  }
}

/** What the runtime said when a session could not be built or run. */
export class RunError extends Error {
  override readonly name: string = 'RunError'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

function messageOf(array: HostArray, { carrier, shape }: Storage): TensorMessage {
  const carried = array.dtype === carrier ? array : castArray(array, carrier)
  return { dtype: carrier, shape, data: toTypedArray(carried).slice() }
}

function transferable({ data }: TensorMessage): ArrayBuffer {
  if (data.buffer instanceof ArrayBuffer) return data.buffer
  throw new TypeError(
    'Cannot send a tensor: expected an ArrayBuffer, got a SharedArrayBuffer (a bug in lowbit)',
  )
}
