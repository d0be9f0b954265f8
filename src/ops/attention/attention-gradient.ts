import type { Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import { productNode } from '../matrix/product.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { type AttentionAttributes, attentionPlan } from './plan.ts'
import { dropoutFactor, openRows } from './weights.ts'

const NAME = 'lowbit.attention_gradient'

/**
 * Gradients of an attention's query, key, value and, if it has floats, mask. Inputs: those of the attention (five, absent ones null),
 * the result's gradient, and the weights that the attention computed.
 */
export const attentionGradient: Operation<AttentionAttributes> = defineOp({
  name: NAME,
  infer(inputs) {
    const mask = inputs[3]
    const operands = [0, 1, 2].map((i) => inputAt(NAME, inputs, i))
    return mask && mask.dtype !== 'bool' ? [...operands, mask] : operands
  },
  gradient: 'none',
  lower(e, { inputs, attrs }) {
    const plan = attentionPlan(e, inputs, e.inputs, attrs)
    const { query, key, value, mask, scale } = plan
    const shape = [...plan.weights.slice(0, -1), value.shape.at(-1) ?? 1]
    const g = {
      name: openRows(e, reshapeNode(e, e.inputs[5] ?? '', inputs[5]?.shape ?? [], shape), plan),
      shape,
    }
    const weights = e.inputs[6] ?? ''
    const factor = dropoutFactor(e, plan)
    const dropped = factor === '' ? weights : e.op('Mul', [weights, factor])
    const ofScores = { name: '', shape: plan.weights }
    if (e.uses(0) + e.uses(1) + e.uses(3) > 0) {
      const ofWeights = productNode(e, g, value, { transposeA: false, transposeB: true })
      ofScores.name = softmaxGradient(
        e,
        weights,
        factor === '' ? ofWeights : e.op('Mul', [ofWeights, factor]),
      )
    }
    const rows = { transposeA: false, transposeB: false }
    const columns = { transposeA: true, transposeB: false }
    const finish = (i: number, from: Dims, to: Dims, node: () => string) =>
      e.uses(i) > 0 ? reshapeNode(e, sumToNode(e, node(), from, to), to, inputs[i]?.shape ?? []) : ''
    const batch = plan.weights.slice(0, -2)
    return [
      finish(0, [...batch, ...query.shape.slice(-2)], query.shape, () =>
        productNode(e, ofScores, key, rows, scale),
      ),
      finish(1, [...batch, ...key.shape.slice(-2)], key.shape, () =>
        productNode(e, ofScores, query, columns, scale),
      ),
      finish(2, [...batch, ...value.shape.slice(-2)], value.shape, () =>
        productNode(e, { name: dropped, shape: plan.weights }, g, columns),
      ),
      mask ? finish(3, plan.weights, mask.shape, () => ofScores.name) : '',
    ]
  },
})

function softmaxGradient(e: Emitter, y: string, g: string): string {
  const total = e.op('ReduceSum', [e.op('Mul', [y, g]), e.ints([-1])])
  return e.op('Mul', [y, e.op('Sub', [g, total])])
}

/** Writes a sum over the dimensions that broadcasting from `to` to `from` added or repeated. */
function sumToNode(e: Emitter, value: string, from: Dims, to: Dims): string {
  const added = from.length - to.length
  const axes = from.flatMap((size, i) => (i < added || (to[i - added] === 1 && size !== 1) ? [i] : []))
  if (axes.length === 0) return value
  const sum = e.op('ReduceSum', [value, e.ints(axes)])
  return reshapeNode(
    e,
    sum,
    from.map((size, i) => (axes.includes(i) ? 1 : size)),
    to,
  )
}
