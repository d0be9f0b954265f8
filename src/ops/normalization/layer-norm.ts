import type { Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emitAll } from '../../ir/node.ts'
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

type LayerNormAttributes = { readonly normalizedShape: readonly number[]; readonly eps: number }

/** Normalization over the last dimensions, `normalizedShape`; weight and bias, of that shape, may be null. */
export const layerNorm: Operation<LayerNormAttributes> = defineOp({
  name: 'aten.layer_norm',
  infer: (inputs, { normalizedShape }) => [normalizedInput('aten.layer_norm', inputs, normalizedShape)],
  gradient({ inputs: [x, weight = null, bias], gradients: [g], attrs }) {
    if (!x || !g) return [null]
    const [gx, gweight, gbias] = emitAll(layerNormGradient, [g, x, weight], attrs)
    return [gx ?? null, weight ? (gweight ?? null) : null, bias ? (gbias ?? null) : null]
  },
  lower(e, { attrs: { normalizedShape, eps } }) {
    const [x = '', weight, bias = ''] = e.inputs
    const inputs = [x, weight || onesNode(e, normalizedShape), ...(bias === '' ? [] : [bias])]
    return [e.op('LayerNormalization', inputs, { axis: -normalizedShape.length, epsilon: { float: eps } })]
  },
  mil(e, { attrs: { normalizedShape, eps } }) {
    const axes = lastAxes(e.input(0).shape.length, normalizedShape.length)
    const [gamma, beta] = [e.inputs[1], e.inputs[2]]
    return [e.op('layer_norm', { x: e.input(0), axes, gamma, beta, epsilon: { float: eps } })]
  },
})

/** Gradients of a layer norm's input, weight and bias. Inputs: the output's gradient, x, weight or null. */
export const layerNormGradient: Operation<LayerNormAttributes> = defineOp({
  name: 'lowbit.layer_norm_gradient',
  infer(inputs, { normalizedShape }) {
    const x = inputAt('lowbit.layer_norm_gradient', inputs, 1)
    const parameter = { shape: normalizedShape, dtype: inputs[2]?.dtype ?? x.dtype }
    return [x, parameter, parameter]
  },
  gradient: 'none',
  lower(e, { inputs: [, x], attrs: { normalizedShape, eps } }) {
    const [g = '', data = '', weight] = e.inputs
    const rank = x?.shape.length ?? 0
    const count = normalizedShape.length
    const normalized = e.uses(0) + e.uses(1) > 0 ? normalizedRows(e, data, normalizedShape, eps) : undefined
    const scaled = () => (weight ? e.op('Mul', [g, weight]) : g)
    return [
      normalized && e.uses(0) > 0 ? rowsGradient(e, scaled(), normalized, lastAxes(rank, count), true) : '',
      normalized && e.uses(1) > 0 ? sumOverRows(e, e.op('Mul', [g, normalized.rows]), rank, count) : '',
      e.uses(2) > 0 ? sumOverRows(e, g, rank, count) : '',
    ]
  },
})

/** Writes rows of mean 0 and deviation 1 over the last dimensions, which have the given shape. */
export function normalizedRows(e: Emitter, value: string, shape: Dims, eps: number): NormalizedRows {
  const attrs = { axis: -shape.length, epsilon: { float: eps } }
  const inputs = [value, onesNode(e, shape)]
  const [rows = '', , inverseDeviation = ''] = e.ops('LayerNormalization', inputs, [true, false, true], attrs)
  return { rows, inverseDeviation }
}
