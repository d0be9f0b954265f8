import type { DType } from '../tensor/dtype.ts'
import type { Attributes } from './attributes.ts'
import type { Dims } from './dim.ts'
import type { Emitter } from './emitter.ts'
import type { MilEmitter, MilValue } from './mil-emitter.ts'
import type { Node, Value } from './node.ts'

/** Shape and dtype of a value. */
export interface TensorType {
  readonly shape: Dims
  readonly dtype: DType
}

/**
 * Everything lowbit knows about one operation. The ir knows what an operation is, never which ones exist.
 * @typeParam A its constant arguments
 */
export interface Operation<A extends Attributes = Attributes> {
  /** ATen name without overload: `aten.conv2d`; lowbit's own operations are `lowbit.*`. */
  readonly name: string
  /**
   * Types of the outputs, also for symbolic sizes.
   * @throws ShapeError, TypeError or RangeError for inputs that the operation does not take
   */
  infer(inputs: readonly (TensorType | null)[], attrs: A): readonly TensorType[]
  /** Gradients of the inputs, as values made of other operations; 'none' where no gradient flows; 'composed' where it is that of `compose`. */
  readonly gradient: GradientRule<A> | 'none' | 'composed'
  /** The outputs as values made of other operations. A graph keeps the operation as one node; gradients and engines see what it is made of. */
  compose?(inputs: readonly (Value | null)[], attrs: A): readonly Value[]
  /** ONNX nodes that compute the outputs; returns their ONNX names, one for each output. */
  lower(emitter: Emitter, node: Node<A>): readonly string[]
  /** Operations of Core ML's MIL that compute the outputs; absent where a finalized model cannot have the operation, or MIL has nothing like it. */
  mil?(emitter: MilEmitter, node: Node<A>): readonly MilValue[]
  /** Outputs that replace the state given as an input (a batch norm's running statistics), for these arguments. */
  updates?(attrs: A): readonly StateUpdate[]
  /** Facts that quantization needs; policy stays in the quantization layer. */
  readonly quantization?: QuantizationFacts<A>
}

/** An output that is the next content of the state that is an input. */
export interface StateUpdate {
  readonly output: number
  readonly input: number
}

/** The call that a gradient rule differentiates. */
export interface GradientCall<A extends Attributes = Attributes> {
  readonly inputs: readonly (Value | null)[]
  readonly outputs: readonly Value[]
  /** Gradient of each output, null where none flows. At least one is there. */
  readonly gradients: readonly (Value | null)[]
  readonly attrs: A
  /** Whether the gradient of an input is wanted: a rule may skip the others. */
  needs(input: number): boolean
}

/** Gradients of the inputs, one entry for each; null where none flows. */
export type GradientRule<A extends Attributes = Attributes> = {
  /** Written as a method, so that a rule for certain arguments is a rule of an operation of any. */
  bivariant(call: GradientCall<A>): readonly (Value | null)[]
}['bivariant']

/** What quantization needs to know of an operation, as data. */
export interface QuantizationFacts<A extends Attributes = Attributes> {
  /** Which inputs are the weight and the bias, and the default axes of a weight's channels and blocks. */
  readonly weight?: {
    readonly input: number
    readonly bias?: number
    readonly channelAxis: number
    readonly blockAxis: number
  }
  /** The output has its inputs' range, so that one observer serves both (pooling, flatten, concat). */
  readonly sharesObserver?: boolean
  /** The values pass unchanged: with their dimensions in place or moved ('rankPreserving'), or with other dimensions ('rankChanging'). */
  readonly passThrough?: 'rankPreserving' | 'rankChanging'
  /** The range that the output always has; null is unbounded. */
  fixedRange?(attrs: A): {
    readonly min: number | null
    readonly max: number | null
    readonly symmetric: boolean
  }
}
