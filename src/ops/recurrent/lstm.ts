import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { type DirectionGradient, type DirectionRun, layerGradientOf } from './layer-gradient.ts'
import { lowerRecurrent, type OnnxCell } from './lower-recurrent.ts'
import { type MilLayer, milBias, milRecurrent, milWeights } from './mil-recurrent.ts'
import { type LayerAttributes, recurrentGradient } from './recurrent-gradient.ts'
import { inferRecurrent, type RecurrentAttributes } from './recurrent-type.ts'
import { eachGate, eachStep, join } from './sequence-nodes.ts'

/** Gates: input, forget, candidate, output here; input, output, forget, candidate in ONNX. */
const CELL: OnnxCell = {
  name: 'aten.lstm',
  gates: 4,
  states: 2,
  type: 'LSTM',
  gateOrder: [0, 3, 1, 2],
  attrs: {},
}

/**
 * Layers of long short-term memory cells. Inputs: x [steps, batch, in] (batch first where asked), the first hidden states and memories
 * [layers * directions, batch, hidden], then for each layer and direction the weights [4 * hidden, in] and [4 * hidden, hidden]
 * and two biases [4 * hidden]; last, where there is dropout between layers, an int64 seed. Outputs: the sequence, the last hidden
 * states, the last memories.
 */
export const lstm: Operation<RecurrentAttributes> = defineOp({
  name: CELL.name,
  infer: (inputs, attrs) => inferRecurrent(inputs, attrs, CELL),
  gradient: (call) => recurrentGradient(call, lstm, lstmGradient, CELL),
  lower: (e, node) => lowerRecurrent(e, node, CELL),
  mil: (e, node) => milRecurrent(e, node, { ...CELL, milOrder: [0, 1, 3, 2], layer: milLayer }),
})

/** Gates of MIL: input, forget, output, candidate. */
function milLayer(e: MilEmitter, { x, states: [h, c], parameters, results }: MilLayer): MilValue[] {
  const [ahead = [], back] = parameters
  const backward = back && { ...milWeights(back, '_back'), bias_back: milBias(e, back) }
  const directions = { direction: back ? 'bidirectional' : 'forward', output_sequence: true }
  const activations = { recurrent_activation: 'sigmoid', cell_activation: 'tanh', activation: 'tanh' }
  const weights = { ...milWeights(ahead), bias: milBias(e, ahead), ...backward }
  return e.ops('lstm', { x, initial_h: h, initial_c: c, ...weights, ...directions, ...activations }, results)
}

/** Gradients of one LSTM layer. */
export const lstmGradient: Operation<LayerAttributes> = layerGradientOf(
  'lowbit.lstm_gradient',
  CELL,
  walkBack,
)

/**
 * The gates of all steps come from what is known of the forward at once, and so do the factors of the gradients; only the memories and the
 * way back through the states go step by step.
 */
function walkBack(e: Emitter, run: DirectionRun): DirectionGradient {
  const { steps, hiddenWeight, gradients } = run
  const { forget, factors, toMemory } = factorsOf(e, run)
  const add = (a: string, b: string) => (a === '' || b === '' ? a || b : e.op('Add', [a, b]))
  let [ofHidden = '', ofMemory = ''] = run.lastGradients
  const ofGates: string[] = []
  for (let t = steps - 1; t >= 0; t--) {
    const h = add(gradients[t] ?? '', ofHidden)
    const m = add(e.op('Mul', [h, toMemory[t] ?? '']), ofMemory)
    const gates = e.op('Mul', [join(e, [m, m, m, h], 2), factors[t] ?? ''])
    ofGates.unshift(gates)
    ofHidden = e.op('MatMul', [gates, hiddenWeight])
    ofMemory = e.op('Mul', [m, forget[t] ?? ''])
  }
  const all = join(e, ofGates, 0)
  return { ofInput: all, ofHidden: all, states: [ofHidden, ofMemory] }
}

/** For each step: the forget gate, what the gates' gradients are of those of memory and result, and what the memory's is of the result's. */
interface StepFactors {
  readonly forget: readonly string[]
  readonly factors: readonly string[]
  readonly toMemory: readonly string[]
}

function factorsOf(e: Emitter, run: DirectionRun): StepFactors {
  const { steps, hidden } = run
  const mul = (...factors: [string, string, ...string[]]) => factors.reduce((a, b) => e.op('Mul', [a, b]))
  const rest = (gate: string) => e.op('Sub', [e.scalar(1), gate])
  const sums = eachGate(e, e.op('Add', [run.ofInput, run.ofHidden]), 4, hidden)
  const [i = '', f = '', c = '', o = ''] = sums.map((gate, at) => e.op(at === 2 ? 'Tanh' : 'Sigmoid', [gate]))
  const entered = mul(i, c)
  const forget = eachStep(e, f, steps)
  const memories = [run.firstStates[1] ?? '']
  for (const [t, part] of eachStep(e, entered, steps).entries()) {
    memories.push(e.op('Add', [mul(forget[t] ?? '', memories[t] ?? ''), part]))
  }
  const shown = e.op('Tanh', [join(e, memories.slice(1), 0)])
  const ofForget = mul(join(e, memories.slice(0, -1), 0), f, rest(f))
  const ofGates = [mul(entered, rest(i)), ofForget, mul(i, rest(mul(c, c))), mul(shown, o, rest(o))]
  const factors = eachStep(e, join(e, ofGates, 2), steps)
  return { forget, factors, toMemory: eachStep(e, mul(o, rest(mul(shown, shown))), steps) }
}
