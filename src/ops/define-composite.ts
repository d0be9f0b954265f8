import type { Attributes } from '../ir/attributes.ts'
import { Value } from '../ir/node.ts'
import type { Operation, QuantizationFacts } from '../ir/operation.ts'
import { defineOp } from './define-op.ts'

/** What an operation is that others express: its inputs are checked by the operations that it is made of, and by `compose` itself. */
export interface Composite<A extends Attributes> {
  readonly name: string
  compose(inputs: readonly (Value | null)[], attrs: A): readonly Value[]
  /** 'none' where no gradient flows through it. Default: through what it is composed of. */
  readonly gradient?: 'none'
  readonly quantization?: QuantizationFacts<A>
}

/** Declares an operation made of others: shapes, gradients and lowering follow from `compose`. */
export function defineComposite<A extends Attributes>({
  name,
  compose,
  gradient,
  ...facts
}: Composite<A>): Operation<A> {
  return defineOp<A>({
    ...facts,
    name,
    compose,
    gradient: gradient ?? 'composed',
    infer(inputs, attrs) {
      try {
        const values = inputs.map((type) => type && new Value(type))
        return compose(values, attrs).map(({ shape, dtype }) => ({ shape, dtype }))
      } catch (error) {
        if (error instanceof Error) rename(error, name)
        throw error
      }
    },
    lower() {
      throw new RangeError(
        `Cannot lower "${name}": expected what it is composed of, got itself (a bug in lowbit)`,
      )
    },
  })
}

/** Names the operation that was called, instead of the one within it that refused. */
function rename(error: Error, name: string): void {
  const message = error.message.replace(/^Cannot record "[^"]*"/, `Cannot record "${name}"`)
  if (error.stack !== undefined) error.stack = error.stack.replace(error.message, message)
  error.message = message
}
