import type { Attributes } from '../src/ir/attributes.ts'
import type { Operation, TensorType } from '../src/ir/operation.ts'

/** An operation's name, the message it refuses inputs with, the call, and the whole error: a row for `test.each`. */
export type Rejected = readonly [string, string, () => unknown, Error]

/** A call that an operation is to refuse. */
export function rejected<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (TensorType | null)[],
  attrs: A,
  error: Error,
): Rejected {
  return [op.name, error.message, () => op.infer(inputs, attrs), error]
}
