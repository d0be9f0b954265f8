import { encodeModel } from '../codec/onnx.ts'
import type { Capability } from '../ir/emitter.ts'
import { lowerGraph } from '../lowering/lower-graph.ts'
import { carrierOf } from '../lowering/onnx-dtype.ts'
import { simplify } from '../lowering/simplify.ts'
import type { Device } from './device.ts'
import { storageOf } from './placement.ts'
import type { Program } from './program.ts'
import type { OptimizationLevel, StorageId } from './protocol.ts'
import type { Signature } from './signature.ts'

/** A compiled program. */
export interface Session {
  readonly id: number
  readonly signature: Signature
  readonly level: OptimizationLevel
  /** Stored tensors that it holds copies of. */
  readonly constants: readonly StorageId[]
}

let lastSession = 0

/** Compiled sessions; bounded, the least recently used goes first. */
export class SessionCache {
  readonly #device: Device
  readonly #capacity: number
  /** The last used one stands last. */
  readonly #sessions = new Set<Session>()
  /** Sessions made, and milliseconds spent on lowering. */
  readonly stats: { compiled: number; loweringMs: number } = { compiled: 0, loweringMs: 0 }

  constructor(device: Device, capacity: number) {
    this.#device = device
    this.#capacity = capacity
  }

  /** The session of a program, compiled when there is none. */
  get(program: Program, level: OptimizationLevel): Session {
    const known = this.#find(program, level)
    if (known !== undefined) {
      this.#sessions.delete(known)
      this.#sessions.add(known)
      return known
    }
    const session = this.#compile(program, level)
    this.#sessions.add(session)
    for (const oldest of this.#sessions) {
      if (this.#sessions.size <= this.#capacity) break
      this.#drop(oldest)
    }
    return session
  }

  /** Drops the session of a program, if there is one. */
  drop(program: Program, level: OptimizationLevel): void {
    const session = this.#find(program, level)
    if (session !== undefined) this.#drop(session)
  }

  /** Drops the sessions that hold a copy of a tensor whose data is replaced. */
  invalidate(storages: ReadonlySet<StorageId>): void {
    for (const session of this.#sessions) {
      if (session.constants.some((id) => storages.has(id))) this.#drop(session)
    }
  }

  /** A session that is not optimized does not serve runs that are repeated. */
  #find({ signature }: Program, level: OptimizationLevel): Session | undefined {
    for (const session of this.#sessions)
      if (session.level === level && session.signature.equals(signature)) return session
    return undefined
  }

  #capabilities(level: OptimizationLevel): ReadonlySet<Capability> {
    const { capabilities } = this.#device
    return level === 'all' && capabilities.has('nchwc')
      ? new Set([...capabilities, 'blockedGraph' as const])
      : capabilities
  }

  #drop(session: Session): void {
    this.#sessions.delete(session)
    this.#device.send({ kind: 'drop', session: session.id })
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
      capabilities: this.#capabilities(level),
    })
    const bytes = encodeModel(model)
    const stored = constants.flatMap(({ value, name }) => {
      const storage = storageOf(value)
      if (storage === undefined) return []
      this.#device.store(storage)
      return [{ name, storage: storage.id }]
    })
    const id = ++lastSession
    const types = program.outputs.map(({ dtype, shape }) => ({
      dtype: carrierOf(dtype),
      shape: shape.map(Number),
    }))
    this.#device.send({
      kind: 'compile',
      session: id,
      model: bytes,
      constants: stored,
      outputs: types,
      level,
    })
    this.stats.compiled++
    this.stats.loweringMs += performance.now() - started
    return { id, signature: program.signature, level, constants: stored.map(({ storage }) => storage) }
  }
}
