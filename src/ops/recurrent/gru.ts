import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { type DirectionGradient, type DirectionRun, layerGradientOf } from './layer-gradient.ts'
import { lowerRecurrent, type OnnxCell } from './lower-recurrent.ts'
import { type MilLayer, milRecurrent, milWeights } from './mil-recurrent.ts'
import { type LayerAttributes, recurrentGradient } from './recurrent-gradient.ts'
import { inferRecurrent, type RecurrentAttributes } from './recurrent-type.ts'
import { eachGate, eachStep, join } from './sequence-nodes.ts'

/** Gates: reset, update, candidate here; update, reset, candidate in ONNX. */
const CELL: OnnxCell = {
  name: 'aten.gru',
  gates: 3,
  states: 1,
  type: 'GRU',
  gateOrder: [1, 0, 2],
  attrs: { linear_before_reset: 1 },
}

/**
 * Layers of gated recurrent units. Inputs: x [steps, batch, in] (batch first where asked), the first states [layers * directions, batch,
 * hidden], then for each layer and direction the weights [3 * hidden, in] and [3 * hidden, hidden] and two biases
 * [3 * hidden]; last, where there is dropout between layers, an int64 seed. Outputs: the sequence, the last states.
 */
export const gru: Operation<RecurrentAttributes> = defineOp({
  name: CELL.name,
  infer: (inputs, attrs) => inferRecurrent(inputs, attrs, CELL),
  gradient: (call) => recurrentGradient(call, gru, gruGradient, CELL),
  lower: (e, node) => lowerRecurrent(e, node, CELL),
  mil: (e, node) => milRecurrent(e, node, { ...CELL, milOrder: [0, 2, 1], layer: milLayer }),
})

/** Gates of MIL: reset, candidate, update. It has one direction at a time. */
function milLayer(e: MilEmitter, { x, states: [h], parameters, results }: MilLayer): MilValue[] {
  const count = parameters.length
  const types = results.map(({ shape, dtype }) => ({
    shape: shape.with(-1, Number(shape.at(-1) ?? 1) / count),
    dtype,
  }))
  const [, state] = types
  if (h === undefined || state === undefined) return e.refuse('a first state', 'none')
  const starts = count === 1 ? [h] : e.ops('split', { x: h, num_splits: count, axis: -1 }, [state, state])
  const [ahead = [], back] = parameters.map((weights, i) => {
    const [, , ih, hh] = weights
    const start = { initial_h: starts[i], ...milWeights(weights), bias: hh, input_bias: ih }
    const direction = i === 0 ? 'forward' : 'reverse'
    const activations = { recurrent_activation: 'sigmoid', activation: 'tanh', reset_after: true }
    return e.ops('gru', { x, ...start, direction, output_sequence: true, ...activations }, types)
  })
  if (back === undefined) return ahead
  return results.flatMap((result, i) => {
    const values = [ahead[i], back[i]].filter((value) => value !== undefined)
    return e.op('concat', { values, axis: result.shape.length - 1, interleave: false }, result)
  })
}

/** Gradients of one GRU layer. */
export const gruGradient: Operation<LayerAttributes> = layerGradientOf('lowbit.gru_gradient', CELL, walkBack)

/** All gates and factors of gradients are computed at once; only the way back through the states goes step by step. */
function walkBack(e: Emitter, run: DirectionRun): DirectionGradient {
  const { steps, hidden, hiddenWeight, gradients } = run
  const op = (type: string) => (a: string, b: string) => e.op(type, [a, b])
  const [add, sub, mul] = [op('Add'), op('Sub'), op('Mul')]
  const rest = (gate: string) => sub(e.scalar(1), gate)
  const [inputR = '', inputZ = '', inputN = ''] = eachGate(e, run.ofInput, 3, hidden)
  const [hiddenR = '', hiddenZ = '', hiddenN = ''] = eachGate(e, run.ofHidden, 3, hidden)
  const r = e.op('Sigmoid', [add(inputR, hiddenR)])
  const z = e.op('Sigmoid', [add(inputZ, hiddenZ)])
  const n = e.op('Tanh', [add(inputN, mul(r, hiddenN))])
  const ofN = mul(rest(z), rest(mul(n, n)))
  const ofR = mul(mul(ofN, hiddenN), mul(r, rest(r)))
  const ofZ = mul(sub(run.before, n), mul(z, rest(z)))
  const factors = eachStep(e, join(e, [ofR, ofZ, mul(ofN, r)], 2), steps)
  const keep = eachStep(e, z, steps)
  let [carried = ''] = run.lastGradients
  const ofStates: string[] = []
  const ofHidden: string[] = []
  for (let t = steps - 1; t >= 0; t--) {
    const state = carried === '' ? (gradients[t] ?? '') : add(gradients[t] ?? '', carried)
    const gates = mul(join(e, [state, state, state], 2), factors[t] ?? '')
    ofStates.unshift(state)
    ofHidden.unshift(gates)
    carried = add(mul(state, keep[t] ?? ''), e.op('MatMul', [gates, hiddenWeight]))
  }
  const states = join(e, ofStates, 0)
  const ofInput = mul(join(e, [states, states, states], 2), join(e, [ofR, ofZ, ofN], 2))
  return { ofInput, ofHidden: join(e, ofHidden, 0), states: [carried] }
}
