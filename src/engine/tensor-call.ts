import type { Attributes } from '../ir/attributes.ts'
import type { Tensor } from './tensor.ts'

/** A function that is called on tensors, before it is recorded. */
export interface TensorCall {
  /** Name of the operation: `aten.add`. */
  readonly name: string
  readonly inputs: readonly (Tensor | null)[]
  readonly attrs: Attributes
  /** Whether the result takes the place of the first input. */
  readonly isInPlace: boolean
}

/**
 * Stands between the caller of a function and what is recorded: may give `record` other inputs and its caller other outputs. What the
 * interceptor itself records is not intercepted, nor is what a composite records inside.
 */
export type CallInterceptor = (
  call: TensorCall,
  record: (inputs: readonly (Tensor | null)[]) => Tensor[],
) => Tensor[]
