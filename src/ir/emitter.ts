import type { DType } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'
import type { Dims } from './dim.ts'

/** What an engine can run beyond standard ONNX, found by a probe when it starts. */
export type Capability =
  /** `com.microsoft` FusedMatMul. */
  | 'fusedMatMul'
  /** `com.microsoft.nchwc` Conv with ReorderInput of filters that are no constants. */
  | 'nchwc'
  /** Blocks of `com.microsoft.nchwc` hold 16 channels; without it, 8. */
  | 'nchwc16'
  /** QuantizeLinear and DequantizeLinear of int16. */
  | 'int16Quantize'
  /** Casts to and from float8. */
  | 'float8'
  /** Casts to and from bfloat16. */
  | 'bfloat16'
  /** BatchNormalization in its training form, which also gives the batch's statistics. */
  | 'trainingBatchNorm'
  /** SimplifiedLayerNormalization: ONNX Runtime's RMS norm. */
  | 'simplifiedLayerNorm'
  /** The session optimizes its graph: convolutions with constant weights, and pools, hand maps on in the layout of `com.microsoft.nchwc`. No probe finds this. */
  | 'blockedGraph'
  /** Quantized float8 values are carried as such, as files have them, and not as the float32 that engines compute in. No probe finds this. */
  | 'storedFloat8'

/** A constant argument of an ONNX node. Numbers that must be floats are given as `{ float }`. */
export type OnnxAttribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly dtype: DType }
  /** An attribute as a file had it, encoded: a graph, a tensor. */
  | { readonly encoded: Uint8Array }

/** Through this a lowering writes ONNX nodes. Values are referred to by their ONNX names. */
export interface Emitter {
  /** ONNX names of the node's inputs; '' stands for an absent one. */
  readonly inputs: readonly string[]
  /** Whether the target engine has a capability; a lowering always has a plain form besides. */
  has(capability: Capability): boolean
  /** Whether the `index`-th input is a constant of the session (a frozen weight), so that work on it is done once. */
  isConstant(index: number): boolean
  /** How many uses the `index`-th output of the node has; 0 when nothing reads it. */
  uses(index: number): number
  /** Writes a node and returns the name of its only output. */
  op(
    type: string,
    inputs: readonly string[],
    attrs?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string
  /** Writes a node with several outputs; an unwanted one is false in `outputs` and '' in the result. */
  ops(
    type: string,
    inputs: readonly string[],
    outputs: readonly boolean[],
    attrs?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string[]
  /**
   * Writes two forms of the same results, of which one runs: the first where `condition`, a bool of one element, holds. Symbolic sizes may not be
   * computed inside.
   * @param dtypes those of the results
   * @returns the names of the results
   */
  branch(
    condition: string,
    whenTrue: () => readonly string[],
    whenFalse: () => readonly string[],
    dtypes: readonly DType[],
  ): string[]
  /** A constant; equal constants are written once. */
  constant(array: HostArray): string
  /** A rank-0 constant, float32 when no dtype is given. */
  scalar(value: number, dtype?: DType): string
  /** A rank-1 float32 constant. */
  floats(values: readonly number[]): string
  /** A rank-1 int64 constant. */
  ints(values: readonly number[]): string
  /** A rank-1 int64 value that holds a shape; symbolic sizes are computed when the model runs. */
  shape(dims: Dims): string
  /** A cast to a dtype. */
  cast(value: string, dtype: DType): string
}
