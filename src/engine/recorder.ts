import type { Value } from '../ir/node.ts'
import { Device, type DeviceOptions, type RunOrder } from './device.ts'
import { explainFailure } from './explain-failure.ts'
import { leafOf, place, storageOf } from './placement.ts'
import { makeProgram, missingData, missingLeaf, type Program } from './program.ts'
import type { OptimizationLevel } from './protocol.ts'
import { SessionCache } from './session-cache.ts'
import { StateError } from './state-error.ts'
import { Storage } from './storage.ts'
import type { Tensor } from './tensor.ts'
import type { CallInterceptor } from './tensor-call.ts'
import { type Purpose, programOf, type Result, stillAskedFor, type Work } from './work.ts'

/** Compiled sessions that are kept. */
const MAX_SESSIONS = 64
/** The same where memory is to be spared: each holds a copy of the parameters. */
const MAX_SPARING_SESSIONS = 8

/** How much a session is optimized: nothing is gained in a graph that runs once, and little in one whose parameters change. */
const LEVELS: Readonly<Record<Purpose, OptimizationLevel>> = {
  inference: 'all',
  training: 'basic',
  once: 'disabled',
}

/** Runs that a loop may be ahead of the engine: enough that the engine never waits for the loop, few enough that their data is no matter. */
const MAX_AHEAD = 4

/**
 * What has been recorded and not been dispatched yet, and the queue of what has. There is one for each thread that records:
 * recording is global, as it is in PyTorch.
 */
export class Recorder {
  /** How many `noGrad` bodies run: while there is one, no gradient flows through what is recorded. */
  noGradDepth = 0
  /** How many module calls and composite functions are on the stack: what they record inside cannot be read from outside. */
  depth = 0
  /** Whether anything was recorded for training since the last dispatch: parameters are then inputs, not constants. */
  training = false
  /** Whether what is dispatched runs once: a session for it is not worth optimizing or keeping. */
  once = false
  /** Whether a capture records: nothing is dispatched then. */
  capturing = false
  /** Sees every function that is called on tensors, undefined while nobody wants to. */
  interceptor: CallInterceptor | undefined
  /**
   * Tensors recorded by the calls on the stack. A call that reads a value goes on with the others afterwards, when state that they were computed
   * from may have changed: they are delivered along with the value.
   */
  readonly inside: Set<Tensor> = new Set()
  /** Tensors recorded at top level: their values are delivered by the next dispatch. */
  readonly pending: Set<Tensor> = new Set()
  /** State that was assigned since the last dispatch, with the data that it had. */
  readonly assigned: Map<Tensor, Storage> = new Map()
  /** Leaves whose gradients have been recorded and not been delivered. */
  readonly differentiated: Set<Tensor> = new Set()
  /** Milliseconds spent on making programs and handing them over, and how many there were. */
  readonly stats: { dispatches: number; dispatchMs: number } = { dispatches: 0, dispatchMs: 0 }
  #device: Device | undefined
  #sessions: SessionCache | undefined
  #options: DeviceOptions = {}
  #ready = false
  #waiting: (() => void)[] = []
  #unreported: unknown

  /**
   * Sets the engine up. Has to come before the first run.
   * @throws StateError when the engine runs already
   */
  configure(options: DeviceOptions): void {
    if (this.#device !== undefined) {
      throw new StateError('Cannot configure "the engine": expected no run before, got one')
    }
    this.#options = options
  }

  /** Whether the engine runs. */
  get isStarted(): boolean {
    return this.#device !== undefined
  }

  /** Starts the engine ahead of its first use, which then need not wait for it. */
  start(): void {
    this.#device ??= this.#open()
  }

  /** How the engine is set up. */
  get options(): DeviceOptions {
    return this.#options
  }

  /** The engine; started by the first use. */
  get device(): Device {
    this.#device ??= this.#open()
    return this.#device
  }

  /** Compiled sessions of the engine. */
  get sessions(): SessionCache {
    this.#sessions ??= new SessionCache(
      this.device,
      this.#options.sparing ? MAX_SPARING_SESSIONS : MAX_SESSIONS,
    )
    return this.#sessions
  }

  /** A call or composite begins: what is recorded from now on is its own. */
  enter(): void {
    this.depth++
  }

  /** It has ended. Returns whether it was the outermost one. */
  leave(): boolean {
    if (--this.depth > 0) return false
    this.inside.clear()
    return true
  }

  /** Calls a function whose operations nobody is to intercept. */
  unintercepted<T>(body: () => T): T {
    const { interceptor } = this
    this.interceptor = undefined
    try {
      return body()
    } finally {
      this.interceptor = interceptor
    }
  }

  /**
   * Dispatches what is pending: the values recorded at top level, assigned state, and gradients.
   * @param consumed leaves whose gradients nobody will read
   * @throws StateError when a state was assigned what depends on data that is gone; the state stays what it was
   */
  flush(consumed: ReadonlySet<Tensor> = new Set()): void {
    const started = performance.now()
    const results = new Set([...this.pending, ...this.assigned.keys(), ...this.#gradients(consumed)])
    const tensors = [...results].filter((tensor) => storageOf(tensor.value) === undefined)
    const work: Work = { tensors, replaced: new Map(this.assigned), purpose: this.#purpose }
    this.pending.clear()
    this.assigned.clear()
    this.differentiated.clear()
    this.training = false
    const missing = tensors.length > 0 ? this.#dispatch(work) : undefined
    this.stats.dispatches++
    this.stats.dispatchMs += performance.now() - started
    if (missing !== undefined) throw missing
  }

  get #purpose(): Purpose {
    if (this.once) return 'once'
    return this.training ? 'training' : 'inference'
  }

  #gradients(consumed: ReadonlySet<Tensor>): Tensor[] {
    return [...this.differentiated].flatMap((leaf) =>
      leaf.grad !== null && !consumed.has(leaf) ? [leaf.grad] : [],
    )
  }

  #dispatch(work: Work): StateError | undefined {
    const program = programOf(work)
    if (missingLeaf(program) === undefined) this.#send(work, program)
    else return this.#dispatchSound(work)
    return undefined
  }

  /** Leaves out what depends on data that is gone: its readers are told why. Returns why for a state, which has no reader. */
  #dispatchSound({ tensors, replaced, purpose }: Work): StateError | undefined {
    const sound = new Set(
      tensors.filter(({ value }) => missingLeaf(makeProgram([value], () => false)) === undefined),
    )
    let missing: StateError | undefined
    for (const [tensor, before] of replaced) {
      if (sound.has(tensor)) continue
      missing ??= missingData(tensor.value)
      tensor.rebase(leafOf(before))
    }
    const rest = {
      tensors: [...sound],
      replaced: new Map([...replaced].filter(([tensor]) => sound.has(tensor))),
      purpose,
    }
    if (sound.size > 0) this.#send(rest, programOf(rest))
    return missing
  }

  #send(work: Work, program: Program): void {
    const befores = new Map([...work.replaced].map(([tensor, before]) => [tensor.value, before]))
    const kept = stillAskedFor(program, work)
    const results = program.outputs.map((value): Result => {
      const before = befores.get(value)
      const predecessor = before && !kept.has(before) ? before : undefined
      const storage = new Storage(value.dtype, value.shape.map(Number), undefined, predecessor)
      place(value, storage)
      return { storage, before }
    })
    const releases = [...befores.values()].filter((before) => !kept.has(before)).map(({ id }) => id)
    const order = {
      feeds: program.inputs.map(storageIn),
      outputs: results.map(({ storage }) => storage.id),
      replaces: results.map(({ before }) => (before?.resident ? before.id : null)),
      releases,
    }
    const run = () => this.#run(program, order, results, work)
    if (this.#ready) run()
    else this.#waiting.push(run)
    this.#settle(work, kept)
  }

  /** Points the tensors at their results, so that what computed them can be collected. */
  #settle({ tensors, replaced }: Work, kept: ReadonlySet<Storage>): void {
    for (const [tensor, before] of replaced) {
      before.isState = false
      if (!kept.has(before)) {
        before.lost = 'it was replaced by a later update'
        this.device.untrack(before)
      }
      const storage = storageIn(tensor.value)
      storage.isState = true
      this.device.track(storage)
      tensor.rebase(leafOf(storage))
    }
    for (const tensor of tensors) {
      if (replaced.has(tensor)) continue
      const storage = storageIn(tensor.value)
      this.device.track(storage)
      if (!tensor.requiresGrad) tensor.rebase(leafOf(storage))
    }
  }

  #run(
    program: Program,
    order: Omit<RunOrder, 'session'>,
    results: readonly Result[],
    { replaced, purpose }: Work,
  ): void {
    let session: number | null = null
    let broken: unknown
    if (replaced.size > 0) this.sessions.invalidate(new Set([...replaced.values()].map(({ id }) => id)))
    try {
      session = this.sessions.get(program, LEVELS[purpose]).id
    } catch (error) {
      broken = error
    }
    const done = this.device.run({ session, ...order })
    if (purpose === 'once') this.sessions.drop(program, LEVELS.once)
    const delivered = done.then(
      () => {},
      (error) => {
        const failure = explainFailure(broken ?? error, program)
        this.#unreported ??= failure
        for (const { storage, before } of results) storage.fail(failure, before)
      },
    )
    for (const { storage } of results) storage.delivered = delivered
  }

  #open(): Device {
    const device = new Device(this.#options)
    const begin = () => {
      this.#ready = true
      for (const job of this.#waiting.splice(0)) job()
    }
    device.ready.then(begin, begin)
    return device
  }

  /**
   * Waits until all that was dispatched has run; what is only recorded is dispatched first.
   * @throws StateError when a run has failed and nobody has read its results since
   */
  async settled(): Promise<void> {
    this.flush()
    // Nothing was ever dispatched: there is no reason to start the engine.
    if (this.#device === undefined) return
    await this.device.ready
    await this.device.settled()
    const failure = this.#unreported
    this.#unreported = undefined
    if (failure !== undefined) throw failure
  }

  /**
   * Ends an iteration of a loop, so that a loop that reads nothing neither records nor queues without bound: dispatches what is recorded, and
   * waits while more than a few runs have not ended. A data loader does this before each batch. Failures are left to those who read.
   */
  async catchUp(): Promise<void> {
    if (this.capturing || this.depth > 0) return
    if (this.pending.size + this.assigned.size + this.differentiated.size > 0) this.flush()
    if (this.#device === undefined) return
    await this.#device.ready.catch(() => {})
    await this.#device.relieved(MAX_AHEAD)
  }

  /** Says that somebody has been told about a failure. */
  reported(failure: unknown): void {
    if (failure === this.#unreported) this.#unreported = undefined
  }

  /** Stops the engine, if it has started, for good. */
  async close(): Promise<void> {
    await this.#device?.close()
  }
}

/** The recorder of this thread. */
export const recorder: Recorder = new Recorder()

/** Runs a function that records, without gradients; a promise is followed to its end, and what else records meanwhile does so without as well. */
export function noGrad<T>(body: () => T): T {
  recorder.noGradDepth++
  return leaving(body, () => {
    recorder.noGradDepth--
  })
}

/** Runs a function whose dispatches are not repeated; a promise is followed to its end. What it only records is dispatched as usual. */
export function runOnce<T>(body: () => T): T {
  const { once } = recorder
  recorder.once = true
  return leaving(body, () => {
    recorder.once = once
  })
}

/** Runs a function, and calls another when it has ended, however it does. */
function leaving<T>(body: () => T, leave: () => void): T {
  let result: T
  try {
    result = body()
  } catch (error) {
    leave()
    throw error
  }
  if (result instanceof Promise) result.then(leave, leave)
  else leave()
  return result
}

function storageIn(value: Value): Storage {
  const storage = storageOf(value)
  if (storage === undefined)
    throw new StateError('Cannot use a value: expected its data, got none (a bug in lowbit)')
  return storage
}
