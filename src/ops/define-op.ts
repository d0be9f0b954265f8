import type { Attributes } from '../ir/attributes.ts'
import type { Operation } from '../ir/operation.ts'

/** Arguments of an operation that takes none. */
export type NoAttributes = Record<never, never>

/** Declares an operation; the only way operations come to be, so that every file of this folder looks the same. */
export function defineOp<A extends Attributes>(operation: Operation<A>): Operation<A> {
  return Object.freeze(operation)
}
