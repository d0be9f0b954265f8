import type { Emitter } from '../../ir/emitter.ts'
import { emitAll, type Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import {
  lastAxes,
  type NormalizedRows,
  normalizedInput,
  onesNode,
  rowsGradient,
  sumOverRows,
} from './rows.ts'

/** PyTorch's, for every dtype. */
const DEFAULT_EPS = 2 ** -23

/** `eps` null stands for 2^-23. */
type RmsNormAttributes = { readonly normalizedShape: readonly number[]; readonly eps: number | null }

/** Division by the root of the mean square over the last dimensions, `normalizedShape`; the weight, of that shape, may be null. */
export const rmsNorm: Operation<RmsNormAttributes> = defineOp({
  name: 'aten.rms_norm',
  infer: (inputs, { normalizedShape }) => [normalizedInput('aten.rms_norm', inputs, normalizedShape)],
  gradient({ inputs: [x, weight = null], gradients: [g], attrs }) {
    if (!x || !g) return [null]
    const [gx, gweight] = emitAll(rmsNormGradient, [g, x, weight], attrs)
    return [gx ?? null, weight ? (gweight ?? null) : null]
  },
  lower(e, node) {
    const [x = '', weight] = e.inputs
    const rank = node.inputs[0]?.shape.length ?? 0
    return [rmsRows(e, node, x, rank, weight).rows]
  },
  mil(e, { attrs: { normalizedShape, eps } }) {
    const [x, weight] = [e.input(0), e.inputs[1]]
    const axes = lastAxes(x.shape.length, normalizedShape.length)
    const shape = x.shape.map((size, i) => (axes.includes(i) ? 1 : size))
    const square = e.op('reduce_mean', { x: e.op('mul', { x, y: x }), axes, keep_dims: true }, { shape })
    const epsilon = { float: eps ?? DEFAULT_EPS }
    const rows = e.op('mul', { x, y: e.op('rsqrt', { x: square, epsilon }, { shape }) })
    return [weight ? e.op('mul', { x: rows, y: weight }) : rows]
  },
})

/** Gradients of an RMS norm's input and weight. Inputs: the output's gradient, x, weight or null. */
export const rmsNormGradient: Operation<RmsNormAttributes> = defineOp({
  name: 'lowbit.rms_norm_gradient',
  infer(inputs, { normalizedShape }) {
    const x = inputAt('lowbit.rms_norm_gradient', inputs, 1)
    return [x, { shape: normalizedShape, dtype: inputs[2]?.dtype ?? x.dtype }]
  },
  gradient: 'none',
  lower(e, node) {
    const [g = '', data = '', weight] = e.inputs
    const rank = node.inputs[1]?.shape.length ?? 0
    const count = node.attrs.normalizedShape.length
    const normalized = rmsRows(e, node, data, rank)
    const scaled = () => (weight ? e.op('Mul', [g, weight]) : g)
    return [
      e.uses(0) > 0 ? rowsGradient(e, scaled(), normalized, lastAxes(rank, count), false) : '',
      e.uses(1) > 0 ? sumOverRows(e, e.op('Mul', [g, normalized.rows]), rank, count) : '',
    ]
  },
})

/** Writes rows of mean square 1, times the weight if there is one. */
function rmsRows(
  e: Emitter,
  { attrs: { normalizedShape, eps } }: Node<RmsNormAttributes>,
  x: string,
  rank: number,
  weight?: string,
): NormalizedRows {
  const epsilon = eps ?? DEFAULT_EPS
  if (e.has('simplifiedLayerNorm')) {
    const inputs = [x, weight || onesNode(e, normalizedShape)]
    const attrs = { axis: -normalizedShape.length, epsilon: { float: epsilon } }
    const [rows = '', inverseDeviation = ''] = e.ops(
      'SimplifiedLayerNormalization',
      inputs,
      [true, true],
      attrs,
    )
    return { rows, inverseDeviation }
  }
  const axes = e.ints(lastAxes(rank, normalizedShape.length))
  const square = e.op('ReduceMean', [e.op('Mul', [x, x]), axes])
  const inverseDeviation = e.op('Reciprocal', [e.op('Sqrt', [e.op('Add', [square, e.scalar(epsilon)])])])
  const rows = e.op('Mul', [x, inverseDeviation])
  return { rows: weight ? e.op('Mul', [rows, weight]) : rows, inverseDeviation }
}
