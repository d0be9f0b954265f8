import { emit, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'

type TriangleAttributes = { readonly diagonal: number }

/** The part of matrices on and above a diagonal (0 is the main one, positive ones lie above it); zeros elsewhere. */
export const triu: Operation<TriangleAttributes> = triangle('aten.triu', 1)

/** The part of matrices on and below a diagonal; zeros elsewhere. */
export const tril: Operation<TriangleAttributes> = triangle('aten.tril', 0)

function triangle(name: string, upper: 0 | 1): Operation<TriangleAttributes> {
  const op: Operation<TriangleAttributes> = defineOp({
    name,
    infer(inputs) {
      const { shape, dtype } = inputAt(name, inputs, 0)
      if (shape.length >= 2) return [{ shape, dtype }]
      throw new ShapeError(
        `Cannot record "${name}": expected at least 2 dimensions, got ${formatType({ shape, dtype })}`,
      )
    },
    gradient: ({ gradients: [g], attrs }) => [g ? emit(op, [g], attrs) : null],
    lower: (e, { attrs: { diagonal } }) => [
      e.op('Trilu', [e.inputs[0] ?? '', e.scalar(diagonal, 'int64')], { upper }),
    ],
  })
  return op
}
