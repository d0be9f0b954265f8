import type { CarrierDType } from '../lowering/onnx-dtype.ts'
import type { TypedArray } from '../tensor/typed-array.ts'

/** Names a tensor that lives where the runs happen. */
export type StorageId = number

/** A tensor on its way between the thread that records and the one that runs. */
export interface TensorMessage {
  readonly dtype: CarrierDType
  readonly shape: readonly number[]
  readonly data: TypedArray
}

/** How much the runtime rewrites a session's graph: what runs once is not worth it. */
export type OptimizationLevel = 'disabled' | 'basic' | 'all'

export interface CompileRequest {
  readonly kind: 'compile'
  readonly session: number
  /** ONNX model; the constants are missing in it. */
  readonly model: Uint8Array
  /** Stored tensors that become initializers of the given names. */
  readonly constants: readonly { readonly name: string; readonly storage: StorageId }[]
  /** Types of the outputs `o0`, `o1`, ... */
  readonly outputs: readonly OutputType[]
  readonly level: OptimizationLevel
}

export interface RunRequest {
  readonly kind: 'run'
  readonly ticket: number
  /** Null when there is none to run: the outputs become failures. */
  readonly session: number | null
  /** The inputs `i0`, `i1`, ...: stored tensors, or ones that are sent along and not kept. */
  readonly feeds: readonly (StorageId | TensorMessage)[]
  /** Under which ids the outputs are stored. */
  readonly outputs: readonly StorageId[]
  /** For each output the stored state that it is the next version of, or null: its content goes on under the new id when the run fails. */
  readonly replaces: readonly (StorageId | null)[]
  /** Stored tensors that are given up after the run, whether it succeeds or not. */
  readonly releases: readonly StorageId[]
}

export interface OutputType {
  readonly dtype: CarrierDType
  readonly shape: readonly number[]
}

/** What the recording thread asks for; served strictly in order. */
export type Request =
  | CompileRequest
  | RunRequest
  | { readonly kind: 'store'; readonly storage: StorageId; readonly tensor: TensorMessage }
  | { readonly kind: 'read'; readonly ticket: number; readonly storage: StorageId }
  | { readonly kind: 'free'; readonly storages: readonly StorageId[] }
  | { readonly kind: 'drop'; readonly session: number }
  | { readonly kind: 'sync'; readonly ticket: number }
  | {
      readonly kind: 'configure'
      readonly threads: number
      readonly sparing: boolean
      readonly ticket: number
    }

/** A failure as it crosses threads. */
export interface Failure {
  readonly message: string
  /** Which step failed: building the session, running it, or using a tensor whose own run had failed. */
  readonly stage: 'compile' | 'run' | 'input'
  /** Name of the output that there is no room for, where that was it. */
  readonly output?: string
}

/** Answer to a request with a ticket. */
export interface Reply {
  readonly ticket: number
  readonly failure?: Failure
  readonly tensor?: TensorMessage
  /** Capabilities that the probe found; answers `configure`. */
  readonly capabilities?: readonly string[]
  /** Milliseconds that the runtime itself took. */
  readonly runMs?: number
}
