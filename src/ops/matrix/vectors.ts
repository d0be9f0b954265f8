import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import type { NoAttributes } from '../define-op.ts'
import { times } from '../elementwise/add.ts'
import { multiplied, plus } from '../expressions.ts'
import { rankedAt, valueAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { bmm, matmul } from './matmul.ts'

/** Sum of the products of two vectors' elements. */
export const dot: Operation<NoAttributes> = product('aten.dot', 1, 1)

/** A matrix times a vector. */
export const mv: Operation<NoAttributes> = product('aten.mv', 2, 1)

/** A matrix times a matrix. */
export const mm: Operation<NoAttributes> = product('aten.mm', 2, 2)

function product(name: string, left: number, right: number): Operation<NoAttributes> {
  return defineComposite({
    name,
    compose(inputs) {
      rankedAt(name, inputs, 0, left)
      rankedAt(name, inputs, 1, right)
      return [emit(matmul, inputs, {})]
    },
  })
}

/** Every element of a vector times every element of another one. */
export const outer: Operation<NoAttributes> = defineComposite({
  name: 'aten.outer',
  compose(inputs) {
    rankedAt('aten.outer', inputs, 0, 1)
    rankedAt('aten.outer', inputs, 1, 1)
    const [a, b] = [valueAt('aten.outer', inputs, 0), valueAt('aten.outer', inputs, 1)]
    return [multiplied(reshaped(a, [a.shape[0] ?? 1, 1]), b)]
  },
})

/** `beta * x + alpha * (a @ b)` of batches of matrices. */
export const baddbmm: Operation<{ readonly beta: number; readonly alpha: number }> = defineComposite({
  name: 'aten.baddbmm',
  compose(inputs, { beta, alpha }) {
    const [x, a, b] = [0, 1, 2].map((i) => valueAt('aten.baddbmm', inputs, i))
    if (!x || !a || !b) return []
    const added = times(emit(bmm, [a, b], {}), alpha)
    return [beta === 0 ? added : plus(added, times(x, beta))]
  },
})
