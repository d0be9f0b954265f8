import { where as whereOp } from '../ops/elementwise/where.ts'
import { einsum as einsumOp } from '../ops/matrix/einsum.ts'
import { cat as catOp } from '../ops/shape/cat.ts'
import { stack as stackOp } from '../ops/shape/stack.ts'
import { record, type Tensor } from './tensor.ts'
import type { Operand } from './tensor-arithmetic.ts'

/** Tensors one after the other along a dimension (default 0) that they have. */
export function cat(tensors: readonly Tensor[], dim: number = 0): Tensor {
  return record(catOp, tensors, { dim })
}

/** Tensors of one shape along a new dimension (default 0). */
export function stack(tensors: readonly Tensor[], dim: number = 0): Tensor {
  return record(stackOp, tensors, { dim })
}

/** Elements of `a` where the condition is true, else of `b`, broadcasting. */
export function where(condition: Tensor, a: Tensor, b: Operand): Tensor {
  return typeof b === 'number'
    ? record(whereOp, [condition, a], { other: b })
    : record(whereOp, [condition, a, b], {})
}

/** Sum of products by Einstein's convention: `'bij,bjk->bik'` is a batched matrix product. */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  return record(einsumOp, operands, { equation })
}
