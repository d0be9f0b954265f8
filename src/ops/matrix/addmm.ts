import { type Dim, dimsEqual } from '../../ir/dim.ts'
import { formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { times } from '../elementwise/add.ts'
import { inputAt, rankedAt } from '../inference.ts'
import { sumTo } from '../reduction/sum.ts'
import { gradientOfFirst, gradientOfSecond, innerMismatch, operandsAt } from './product.ts'

const PLAIN = { transposeA: false, transposeB: false }

/** `beta * bias + alpha * a @ b` for matrices a and b; the bias broadcasts to the product. */
export const addmm: Operation<{ readonly beta: number; readonly alpha: number }> = defineOp({
  name: 'aten.addmm',
  infer(inputs) {
    const bias = inputAt('aten.addmm', inputs, 0)
    const [a, b] = operandsAt('aten.addmm', inputs, 1)
    const [rows = 1, inner = 1] = rankedAt('aten.addmm', inputs, 1, 2).shape
    const [depth = 1, columns = 1] = rankedAt('aten.addmm', inputs, 2, 2).shape
    if (!dimsEqual(inner, depth)) throw innerMismatch('aten.addmm', a, b)
    const shape = [rows, columns]
    const fits = (size: Dim, i: number) =>
      size === 1 || dimsEqual(size, shape[i + 2 - bias.shape.length] ?? 0)
    if (bias.shape.length <= 2 && bias.shape.every(fits)) return [{ shape, dtype: a.dtype }]
    throw new ShapeError(
      `Cannot record "aten.addmm": expected a bias that broadcasts to [${shape.join(', ')}], got ${formatType(bias)}`,
    )
  },
  gradient({ inputs: [bias, a, b], gradients: [g], attrs: { beta, alpha }, needs }) {
    if (!bias || !a || !b || !g) return [null, null, null]
    return [
      needs(0) ? times(sumTo(g, bias.shape), beta) : null,
      needs(1) ? times(gradientOfFirst(a, b, g, PLAIN), alpha) : null,
      needs(2) ? times(gradientOfSecond(a, b, g, PLAIN), alpha) : null,
    ]
  },
  lower(e, { attrs: { beta, alpha } }) {
    const [bias = '', a = '', b = ''] = e.inputs
    return [e.op('Gemm', [a, b, bias], { alpha: { float: alpha }, beta: { float: beta } })]
  },
  mil(e, { attrs: { beta, alpha } }) {
    const [bias, x, y] = [e.input(0), e.input(1), e.input(2)]
    const product = e.op('matmul', { x, y, transpose_x: false, transpose_y: false })
    const scaled = alpha === 1 ? product : e.op('mul', { x: product, y: { float: alpha } })
    const added = beta === 1 ? bias : e.op('mul', { x: bias, y: { float: beta } }, { shape: bias.shape })
    return [e.op('add', { x: scaled, y: added })]
  },
})
