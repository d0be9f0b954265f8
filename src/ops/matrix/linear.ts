import { type Dims, dimsEqual, formatDims, mulDims } from '../../ir/dim.ts'
import { formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { rankedAt } from '../inference.ts'
import { sumTo } from '../reduction/sum.ts'
import { reshaped, reshapeNode } from '../shape/reshape.ts'
import { gradientOfFirst, gradientOfSecond, innerMismatch, operandsAt } from './product.ts'

const WEIGHT_TRANSPOSED = { transposeA: false, transposeB: true }

/** `x @ weight.T + bias`: input [..., in], weight [out, in], bias [out] or absent; output [..., out]. */
export const linear: Operation<NoAttributes> = defineOp({
  name: 'aten.linear',
  infer(inputs) {
    const [x, weight] = operandsAt('aten.linear', inputs)
    const [out = 1, depth = 1] = rankedAt('aten.linear', inputs, 1, 2).shape
    if (!dimsEqual(x.shape.at(-1) ?? 1, depth)) throw innerMismatch('aten.linear', x, weight)
    const bias = inputs[2]
    if (bias && !(bias.shape.length === 1 && dimsEqual(bias.shape[0] ?? 1, out))) {
      throw new ShapeError(
        `Cannot record "aten.linear": expected a bias ${formatDims([out])}, got ${formatType(bias)}`,
      )
    }
    return [{ shape: [...x.shape.slice(0, -1), out], dtype: x.dtype }]
  },
  gradient({ inputs: [x, weight, bias], gradients: [g], needs }) {
    if (!x || !weight || !g) return [null, null, null]
    const [rows, spread] =
      x.shape.length > 1 ? [x, g] : [reshaped(x, [1, ...x.shape]), reshaped(g, [1, ...g.shape])]
    return [
      needs(0) ? reshaped(gradientOfFirst(rows, weight, spread, WEIGHT_TRANSPOSED), x.shape) : null,
      needs(1) ? gradientOfSecond(rows, weight, spread, WEIGHT_TRANSPOSED) : null,
      bias && needs(2) ? sumTo(g, bias.shape) : null,
    ]
  },
  lower(e, { inputs: [x], outputs: [y] }) {
    const [input = '', ...parameters] = e.inputs
    const from = x?.shape ?? []
    const to = y?.shape ?? []
    const rows = reshapeNode(e, input, from, matrixOf(from))
    const product = e.op('Gemm', [rows, ...parameters.filter((name) => name !== '')], { transB: 1 })
    return [reshapeNode(e, product, matrixOf(to), to)]
  },
  mil(e) {
    const [x, weight, bias] = [e.input(0), e.input(1), e.inputs[2]]
    if (e.isConstant(weight) && (!bias || e.isConstant(bias))) return [e.op('linear', { x, weight, bias })]
    const product = e.op('matmul', { x, y: weight, transpose_x: false, transpose_y: true })
    return [bias ? e.op('add', { x: product, y: bias }) : product]
  },
  quantization: { weight: { input: 1, bias: 2, channelAxis: 0, blockAxis: 1 } },
})

function matrixOf(shape: Dims): Dims {
  return [shape.slice(0, -1).reduce(mulDims, 1), shape.at(-1) ?? 1]
}
