import type { DType } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'
import type { Dims } from './dim.ts'
import type { TensorType } from './operation.ts'

/** A value of an ML program, the form in which Core ML runs models. Floats are of the program's own dtype, and integers of 64 bits of 32. */
export interface MilValue extends TensorType {
  /** Its name in the program. */
  readonly name: string
}

/** An argument of an operation of MIL: a value, several of them, or a constant. Whole numbers are int32; those that must be floats are given as `{ float }`. */
export type MilArgument =
  | MilValue
  | number
  | boolean
  | string
  | { readonly float: number }
  | readonly number[]
  | readonly boolean[]
  | readonly MilValue[]

/** Arguments by name; absent ones may be undefined or null. */
export type MilArguments = Readonly<Record<string, MilArgument | null | undefined>>

/** Through this an operation writes itself as operations of MIL, Core ML's intermediate language. */
export interface MilEmitter {
  /** The node's inputs; null for an absent one. */
  readonly inputs: readonly (MilValue | null)[]
  /** The `index`-th input, which has to be there. */
  input(index: number): MilValue
  /** Whether a value is a constant of the program: a parameter or buffer, quantized or not. */
  isConstant(value: MilValue): boolean
  /** A constant's rows (entries of its first dimension) in another order. It has no scales of its own along that dimension, or one for each row. */
  reorderRows(constant: MilValue, order: readonly number[]): MilValue
  /** The elements of a constant that is not quantized. */
  content(constant: MilValue): HostArray
  /** Writes an operation with one result. Its type is that of the node's first output but for what is given. */
  op(type: string, args: MilArguments, result?: Partial<TensorType>): MilValue
  /** Writes an operation with results of these types. */
  ops(type: string, args: MilArguments, results: readonly TensorType[]): MilValue[]
  /** A constant. */
  constant(array: HostArray): MilValue
  /** A constant of rank 0. */
  scalar(value: number, dtype: DType): MilValue
  /** A value with other dimensions; of those at most one may be a symbolic one that the value itself does not have. */
  reshape(value: MilValue, shape: Dims): MilValue
  /** A value in another dtype. */
  cast(value: MilValue, dtype: DType): MilValue
  /** Ends the node because Core ML has no such operation. `expected` is what would work: `a dilation of 1`. */
  refuse(expected: string, got: string): never
}
