import { encodeModel } from '../codec/onnx.ts'
import { lowerGraph } from '../lowering/lower-graph.ts'
import { simplify } from '../lowering/simplify.ts'
import type { Device } from './device.ts'
import { storageOf } from './placement.ts'
import type { Program } from './program.ts'
import type { OptimizationLevel, StorageId } from './protocol.ts'

/** A compiled program. */
export interface Session {
  readonly id: number
  /** Stored tensors that it holds copies of. */
  readonly constants: readonly StorageId[]
}

let lastSession = 0

/** Compiled sessions by program key; bounded, the least recently used goes first. */
export class SessionCache {
  readonly #device: Device
  readonly #capacity: number
  readonly #sessions = new Map<string, Session>()
  /** Sessions made, and milliseconds spent on lowering. */
  readonly stats: { compiled: number; loweringMs: number } = { compiled: 0, loweringMs: 0 }

  constructor(device: Device, capacity: number) {
    this.#device = device
    this.#capacity = capacity
  }

  /** The session of a program, compiled when there is none. */
  get(program: Program, level: OptimizationLevel): Session {
    const cacheKey = keyOf(program, level)
    const known = this.#sessions.get(cacheKey)
    if (known !== undefined) {
      this.#sessions.delete(cacheKey)
      this.#sessions.set(cacheKey, known)
      return known
    }
    const session = this.#compile(program, level)
    this.#sessions.set(cacheKey, session)
    for (const [key, oldest] of this.#sessions) {
      if (this.#sessions.size <= this.#capacity) break
      this.#drop(key, oldest)
    }
    return session
  }

  /** Drops the session of a program, if there is one. */
  drop(program: Program, level: OptimizationLevel): void {
    const key = keyOf(program, level)
    const session = this.#sessions.get(key)
    if (session !== undefined) this.#drop(key, session)
  }

  /** Drops the sessions that hold a copy of a tensor whose data is replaced. */
  invalidate(storages: ReadonlySet<StorageId>): void {
    for (const [key, session] of this.#sessions) {
      if (session.constants.some((id) => storages.has(id))) this.#drop(key, session)
    }
  }

  #drop(key: string, { id }: Session): void {
    this.#sessions.delete(key)
    this.#device.send({ kind: 'drop', session: id })
  }

  #compile(program: Program, level: OptimizationLevel): Session {
    const started = performance.now()
    const { nodes, outputs } = simplify(program.nodes, program.outputs, new Set(program.constants))
    const constants = program.constants.map((value, i) => ({ value, name: `k${i}` }))
    const model = lowerGraph({
      inputs: program.inputs.map((value, i) => ({ value, name: `i${i}` })),
      constants,
      nodes,
      outputs: outputs.map((value, i) => ({ value, name: `o${i}` })),
      capabilities: this.#device.capabilities,
    })
    const bytes = encodeModel(model)
    const stored = constants.flatMap(({ value, name }) => {
      const storage = storageOf(value)
      if (storage === undefined) return []
      this.#device.store(storage)
      return [{ name, storage: storage.id }]
    })
    const id = ++lastSession
    this.#device.send({ kind: 'compile', session: id, model: bytes, constants: stored, level })
    this.stats.compiled++
    this.stats.loweringMs += performance.now() - started
    return { id, constants: stored.map(({ storage }) => storage) }
  }
}

/** A session that is not optimized is not to serve runs that are repeated. */
function keyOf({ key }: Program, level: OptimizationLevel): string {
  return `${level};${key}`
}
