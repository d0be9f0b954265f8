import { Node, type Value } from '../ir/node.ts'
import { Device, type DeviceOptions, RunError } from './device.ts'
import { leafOf, place, storageOf } from './placement.ts'
import { makeProgram, type Program } from './program.ts'
import type { RunOutput, StorageId } from './protocol.ts'
import { type Session, SessionCache } from './session-cache.ts'
import { StateError } from './state-error.ts'
import { Storage } from './storage.ts'
import type { Tensor } from './tensor.ts'

/** Compiled sessions that are kept. */
const MAX_SESSIONS = 64

/**
 * What has been recorded and not been dispatched yet, and the queue of what has. There is one for each thread that records:
 * recording is global, as it is in PyTorch.
 */
export class Recorder {
  /** Whether gradients can flow through what is recorded. */
  gradientsEnabled = true
  /** How many module calls and composite functions are on the stack: what they record inside cannot be read from outside. */
  depth = 0
  /** Whether anything was recorded for training since the last dispatch: parameters are then inputs, not constants. */
  training = false
  /** Whether a capture records: nothing is dispatched then. */
  capturing = false
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

  /** The engine; started by the first use. */
  get device(): Device {
    if (this.#device === undefined) {
      const device = new Device(this.#options)
      this.#device = device
      device.ready.then(
        () => this.#start(),
        () => this.#start(),
      )
    }
    return this.#device
  }

  /** Compiled sessions of the engine. */
  get sessions(): SessionCache {
    this.#sessions ??= new SessionCache(this.device, MAX_SESSIONS)
    return this.#sessions
  }

  /**
   * Dispatches what is pending: the values recorded at top level, assigned state, and gradients.
   * @param consumed leaves whose gradients nobody will read
   */
  flush(consumed: ReadonlySet<Tensor> = new Set()): void {
    const started = performance.now()
    const results = new Set([...this.pending, ...this.assigned.keys(), ...this.#gradients(consumed)])
    const tensors = [...results].filter((tensor) => storageOf(tensor.value) === undefined)
    const replaced = new Map(this.assigned)
    const training = this.training
    this.pending.clear()
    this.assigned.clear()
    this.differentiated.clear()
    this.training = false
    if (tensors.length > 0) this.#dispatch(tensors, replaced, training)
    this.stats.dispatches++
    this.stats.dispatchMs += performance.now() - started
  }

  #gradients(consumed: ReadonlySet<Tensor>): Tensor[] {
    return [...this.differentiated].flatMap((leaf) => (leaf.grad !== null && !consumed.has(leaf) ? [leaf.grad] : []))
  }

  #dispatch(tensors: readonly Tensor[], replaced: ReadonlyMap<Tensor, Storage>, training: boolean): void {
    const values = [...new Set(tensors.map(({ value }) => value))]
    const replacedIds = new Set([...replaced.values()].map(({ id }) => id))
    const isConstant = (leaf: Value) => {
      const storage = storageOf(leaf)
      return !training && storage !== undefined && storage.isState && !replacedIds.has(storage.id)
    }
    const program = makeProgram(values, isConstant)
    checkLeaves(program)
    const outputs = values.map((value) => new Storage(value.dtype, value.shape.map(Number)))
    const replacements = new Map<Value, Storage>()
    for (const [tensor, before] of replaced) replacements.set(tensor.value, before)
    const requests = values.map((value, i): RunOutput => {
      const storage = outputs[i] ?? new Storage(value.dtype, [])
      const before = replacements.get(value)
      place(value, storage)
      return { name: `o${i}`, storage: storage.id, dtype: storage.carrier, shape: storage.shape, ...(before?.resident ? { replaces: before.id } : {}) }
    })
    const feeds = program.inputs.map((value, i) => ({ name: `i${i}`, storage: storageIn(value) }))
    const run = () => this.#run(program, training, feeds, requests, outputs, replacedIds)
    if (this.#ready) run()
    else this.#waiting.push(run)
    this.#settle(tensors, replaced)
  }

  /** Points the tensors at their results, so that what computed them can be collected. */
  #settle(tensors: readonly Tensor[], replaced: ReadonlyMap<Tensor, Storage>): void {
    for (const [tensor, before] of replaced) {
      before.lost = 'it was replaced by a later update'
      this.device.untrack(before)
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
    training: boolean,
    feeds: readonly { name: string; storage: Storage }[],
    outputs: readonly RunOutput[],
    storages: readonly Storage[],
    replaced: ReadonlySet<StorageId>,
  ): void {
    const session = this.sessions.get(program, training ? 'basic' : 'all')
    const done = this.device.run(session.id, feeds, outputs)
    if (replaced.size > 0) this.sessions.invalidate(replaced)
    done.catch((error) => {
      const failure = explain(error, session)
      for (const [i, storage] of storages.entries()) {
        if (outputs[i]?.replaces === undefined) storage.failure = failure
      }
    })
  }

  #start(): void {
    this.#ready = true
    for (const job of this.#waiting.splice(0)) job()
  }

  /** Waits until all that was dispatched has run; what is only recorded is dispatched first. */
  async settled(): Promise<void> {
    this.flush()
    await this.device.ready
    await this.device.settled()
  }
}

/** The recorder of this thread. */
export const recorder: Recorder = new Recorder()

/** Runs a function that records, without gradients; a promise is followed to its end. */
export function noGrad<T>(body: () => T): T {
  const before = recorder.gradientsEnabled
  recorder.gradientsEnabled = false
  const restore = () => {
    recorder.gradientsEnabled = before
  }
  let result: T
  try {
    result = body()
  } catch (error) {
    restore()
    throw error
  }
  if (result instanceof Promise) result.then(restore, restore)
  else restore()
  return result
}

function storageIn(value: Value): Storage {
  const storage = storageOf(value)
  if (storage === undefined) throw new StateError('Cannot use a value: expected its data, got none (a bug in lowbit)')
  return storage
}

function checkLeaves({ nodes, inputs, constants }: Program): void {
  for (const leaf of [...inputs, ...constants]) {
    const storage = storageOf(leaf)
    if (storage !== undefined && storage.lost === undefined) continue
    const reader = nodes.find((node: Node) => node.inputs.includes(leaf))
    throw new StateError(
      `Cannot run "${reader?.origin ?? 'a graph'}": expected the data of its input, got none: ${storage?.lost ?? 'it is a placeholder of a capture'}\n` +
        'Hint: read a value before the step that updates what it was computed from',
    )
  }
}

/** The runtime's message with the operation and module that it speaks of. */
function explain(error: unknown, { nodes }: Session): Error {
  const message = error instanceof Error ? error.message : String(error)
  const stage = error instanceof RunError ? error.stage : 'run'
  const origin = /(?:Name|node|Node):?\s*\(?'?\d+\|([^'()]*(?:\([^)]*\))?)/.exec(message)?.[1]
  const subject = origin ?? `a graph of ${nodes.length} operations`
  const action = stage === 'compile' ? 'compile' : 'run'
  return new StateError(`Cannot ${action} "${subject}": ${message}`, { cause: error })
}
