import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from 'onnxruntime-common'
import { appendInitializers } from '../codec/append-initializers.ts'
import type { TensorProto } from '../codec/onnx.ts'
import { tensorProto } from '../lowering/model-builder.ts'
import type { TypedArray } from '../tensor/typed-array.ts'
import { BufferPool } from './buffer-pool.ts'
import { probeCapabilities } from './probe.ts'
import type {
  CompileRequest,
  Failure,
  OutputType,
  Reply,
  Request,
  RunRequest,
  StorageId,
  TensorMessage,
} from './protocol.ts'
import { UnreadOutput } from './unread-output.ts'

/** The part of onnxruntime-node and onnxruntime-web that the runtime stands on. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>
  }
  readonly Tensor: TensorConstructor
}

/** What differs between the two builds of ONNX Runtime. */
export interface RuntimeTraits {
  /** Whether outputs may be written into buffers given to `run`. */
  readonly preallocates: boolean
}

type Stored = OrtTensor | Failure

/** A session, with the types that its outputs have. */
interface Compiled {
  readonly session: InferenceSession
  readonly outputs: readonly OutputType[]
  /** Whether it keeps what a run needs for the next one. */
  readonly keepsMemory: boolean
}

/** Serves requests in order: holds sessions and tensors, and runs the ones over the others. Lives in a worker. */
export class Runtime {
  readonly #ort: OrtModule
  readonly #traits: RuntimeTraits
  readonly #reply: (reply: Reply, transfer: ArrayBuffer[]) => void
  readonly #sessions = new Map<number, Compiled | Failure>()
  readonly #tensors = new Map<StorageId, Stored>()
  readonly #pool = new BufferPool()
  #threads = 0
  #sparing = false
  /** Where outputs have buffers and the runtime would copy them all the same: what keeps it from that. */
  #unread: UnreadOutput | undefined
  #queue: Promise<void> = Promise.resolve()

  constructor(ort: OrtModule, traits: RuntimeTraits, reply: (reply: Reply, transfer: ArrayBuffer[]) => void) {
    this.#ort = ort
    this.#traits = traits
    this.#reply = reply
  }

  /** Queues a request behind all earlier ones. */
  accept(request: Request): void {
    this.#queue = this.#queue.then(() => this.#serve(request))
  }

  async #serve(request: Request): Promise<void> {
    switch (request.kind) {
      case 'compile':
        return this.#compile(request)
      case 'run':
        return this.#run(request)
      case 'store':
        this.#tensors.set(request.storage, this.#toOrt(request.tensor))
        return
      case 'read':
        return this.#read(request.ticket, request.storage)
      case 'free':
        for (const storage of request.storages) this.#free(storage)
        return
      case 'drop':
        return this.#drop(request.session)
      case 'sync':
        this.#reply({ ticket: request.ticket }, [])
        return
      case 'configure': {
        this.#threads = request.threads
        this.#sparing = request.sparing
        if (this.#traits.preallocates) this.#unread = await UnreadOutput.probe(this.#ort)
        const capabilities = await probeCapabilities(this.#ort)
        this.#reply({ ticket: request.ticket, capabilities }, [])
      }
    }
  }

  async #compile({ session, model, constants, outputs, level }: CompileRequest): Promise<void> {
    try {
      const initializers = this.#initializers(constants)
      const bytes = this.#unread?.lead(model, initializers) ?? appendInitializers([model], initializers)
      const keepsMemory = !this.#sparing || (level === 'all' && !this.#someKeepsMemory())
      const created = await this.#ort.InferenceSession.create(bytes, {
        graphOptimizationLevel: level,
        ...(this.#threads > 0 ? { intraOpNumThreads: this.#threads } : {}),
        interOpNumThreads: 1,
        executionMode: 'sequential',
        enableMemPattern: false,
        enableCpuMemArena: keepsMemory,
        logSeverityLevel: 4,
        // Threads that go on spinning after a run take a core from the next step's recording.
        extra: {
          session: {
            disable_quant_qdq: '1',
            force_spinning_stop: '1',
            ...(this.#sparing ? { intra_op: { allow_spinning: '0' } } : {}),
          },
        },
      })
      this.#sessions.set(session, { session: created, outputs, keepsMemory })
    } catch (error) {
      this.#sessions.set(session, failure('compile', error))
    }
  }

  /** One session may: asking the system for large tensors anew in each run takes a quarter of the run, but shapes may be many. */
  #someKeepsMemory(): boolean {
    return [...this.#sessions.values()].some((each) => !('stage' in each) && each.keepsMemory)
  }

  #initializers(constants: CompileRequest['constants']): TensorProto[] {
    return constants.map(({ name, storage }) => {
      const tensor = this.#tensors.get(storage)
      if (tensor === undefined || 'stage' in tensor) throw new RangeError(`constant ${name} is not there`)
      const { buffer, byteOffset, byteLength } = viewOf(tensor)
      const bytes = new Uint8Array(buffer, byteOffset, byteLength)
      return tensorProto(name, tensor.type as 'float32', tensor.dims, bytes)
    })
  }

  async #run(request: RunRequest): Promise<void> {
    const started = performance.now()
    try {
      const compiled = this.#sessions.get(request.session ?? -1)
      if (compiled === undefined || 'stage' in compiled)
        return this.#fail(request, compiled ?? failure('compile', 'the session is gone'))
      const feeds: Record<string, OrtTensor> = {}
      for (const [i, source] of request.feeds.entries()) {
        const tensor = typeof source === 'number' ? this.#tensors.get(source) : this.#toOrt(source)
        if (tensor === undefined || 'stage' in tensor) {
          return this.#fail(request, {
            stage: 'input',
            message: tensor?.message ?? `input i${i} is not stored`,
          })
        }
        feeds[`i${i}`] = tensor
      }
      const results = await this.#compute(compiled, feeds)
      for (const [i, storage] of request.outputs.entries()) {
        const result = results[`o${i}`]
        if (result !== undefined) this.#tensors.set(storage, result)
      }
      for (const storage of request.releases) this.#free(storage)
      this.#reply({ ticket: request.ticket, runMs: performance.now() - started }, [])
    } catch (error) {
      this.#fail(request, failure('run', error))
    }
  }

  /** Runs a session. @returns its outputs, by name */
  async #compute(
    { session, outputs }: Compiled,
    feeds: Readonly<Record<string, OrtTensor>>,
  ): Promise<Readonly<Record<string, OrtTensor>>> {
    if (!this.#traits.preallocates) return session.run(feeds)
    const buffers = Object.fromEntries(
      outputs.map((type, i) => [`o${i}`, this.#allocate(`o${i}`, type)] as const),
    )
    await (this.#unread?.run(session, feeds, buffers) ?? session.run(feeds, buffers))
    return buffers
  }

  #allocate(name: string, { dtype, shape }: OutputType): OrtTensor {
    try {
      return new this.#ort.Tensor(dtype, this.#pool.take(dtype, shape), shape)
    } catch (error) {
      throw new NoRoom(name, error)
    }
  }

  /** Outputs of a failed run are failures themselves; state stays what it was. */
  #fail(request: RunRequest, reason: Failure): void {
    for (const [i, storage] of request.outputs.entries()) {
      const before = this.#tensors.get(request.replaces[i] ?? -1)
      this.#tensors.set(storage, before === undefined ? reason : this.#copy(before))
    }
    for (const storage of request.releases) this.#free(storage)
    this.#reply({ ticket: request.ticket, failure: reason }, [])
  }

  #read(ticket: number, storage: StorageId): void {
    const tensor = this.#tensors.get(storage)
    if (tensor === undefined || 'stage' in tensor) {
      this.#reply({ ticket, failure: tensor ?? { stage: 'input', message: 'the tensor is not stored' } }, [])
      return
    }
    const data = viewOf(tensor).slice()
    this.#reply(
      { ticket, tensor: { dtype: tensor.type as TensorMessage['dtype'], shape: tensor.dims, data } },
      [data.buffer],
    )
  }

  #free(storage: StorageId): void {
    const tensor = this.#tensors.get(storage)
    this.#tensors.delete(storage)
    if (tensor !== undefined && !('stage' in tensor) && this.#traits.preallocates)
      this.#pool.give(viewOf(tensor))
  }

  async #drop(session: number): Promise<void> {
    const dropped = this.#sessions.get(session)
    this.#sessions.delete(session)
    if (dropped !== undefined && !('stage' in dropped)) await dropped.session.release()
  }

  #toOrt({ dtype, data, shape }: TensorMessage): OrtTensor {
    return new this.#ort.Tensor(dtype, data, shape)
  }

  #copy(stored: Stored): Stored {
    return 'stage' in stored ? stored : new this.#ort.Tensor(stored.type, viewOf(stored).slice(), stored.dims)
  }
}

/** There is no memory for an output. */
class NoRoom extends RangeError {
  readonly output: string

  constructor(output: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.output = output
  }
}

function viewOf(tensor: OrtTensor): TypedArray {
  return tensor.data as TypedArray
}

function failure(stage: Failure['stage'], error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  return { stage, message, ...(error instanceof NoRoom ? { output: error.output } : {}) }
}
