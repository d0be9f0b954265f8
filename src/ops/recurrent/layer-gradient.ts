import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import type { LayerAttributes } from './recurrent-gradient.ts'
import type { Cell } from './recurrent-type.ts'
import { cut, eachStep, join, matrixOf, reversed } from './sequence-nodes.ts'

/** One direction of a layer, in the order in which it runs through the steps. Sequences are [steps, batch, width], states [1, batch, hidden]. */
export interface DirectionRun {
  readonly steps: number
  readonly hidden: number
  /** What input and hidden state, each with its bias, add to the gates: [steps, batch, gates * hidden]. */
  readonly ofInput: string
  readonly ofHidden: string
  /** Hidden states before each step. */
  readonly before: string
  readonly firstStates: readonly string[]
  /** Weight [gates * hidden, hidden] of the hidden state. */
  readonly hiddenWeight: string
  /** Gradients of the result of each step, and of the states after the last, '' for none. */
  readonly gradients: readonly string[]
  readonly lastGradients: readonly string[]
}

/** Gradients of what a direction adds to the gates and of its first states, in the same shapes. */
export interface DirectionGradient {
  readonly ofInput: string
  readonly ofHidden: string
  readonly states: readonly string[]
}

/** Walks back through the steps of one direction. */
export type Walk = (e: Emitter, run: DirectionRun) => DirectionGradient

/**
 * Gradients of one recurrent layer. Inputs: x [steps, batch, in], the first states, the parameters, the layer's result, its gradient, and
 * the gradients of the last states or null. Outputs: gradients of x, the states and the parameters.
 */
export function layerGradientOf(name: string, cell: Cell, walk: Walk): Operation<LayerAttributes> {
  return defineOp({
    name,
    infer(inputs, attrs) {
      const count = 1 + cell.states + parameterCount(attrs)
      if (typeof inputAt(name, inputs, 0).shape[0] !== 'number') {
        throw new ShapeError(
          `Cannot differentiate "${cell.name}": expected a known number of steps, got ${inputs[0]?.shape[0]}`,
        )
      }
      return Array.from({ length: count }, (_, i) => inputAt(name, inputs, i))
    },
    gradient: 'none',
    lower: (e, node) => lowerLayerGradient(e, node, cell, walk),
  })
}

function parameterCount({ hasBiases, bidirectional }: LayerAttributes): number {
  return (hasBiases ? 4 : 2) * (bidirectional ? 2 : 1)
}

function lowerLayerGradient(e: Emitter, node: Node<LayerAttributes>, cell: Cell, walk: Walk): string[] {
  const directions = Array.from({ length: node.attrs.bidirectional ? 2 : 1 }, (_, i) =>
    directionOf(e, node, cell, i),
  )
  const found = directions.map((direction) => walk(e, runOf(e, direction, cell)))
  const parameters = directions.flatMap((direction, i) => parameterGradients(e, direction, found[i]))
  const states = Array.from({ length: cell.states }, (_, i) =>
    join(
      e,
      found.map((run) => run.states[i] ?? ''),
      0,
    ),
  )
  if (e.uses(0) === 0) return ['', ...states, ...parameters]
  const ofX = directions.map(({ weight, isReversed }, i) => {
    const product = e.op('MatMul', [found[i]?.ofInput ?? '', weight])
    return isReversed ? reversed(e, product) : product
  })
  return [ofX.reduce((a, b) => e.op('Add', [a, b])), ...states, ...parameters]
}

/** What one direction has of the layer's inputs, its sequences in the order in which it runs. */
interface Direction {
  readonly isReversed: boolean
  readonly steps: number
  readonly hidden: number
  readonly x: string
  /** Hidden states before each step. */
  readonly before: string
  readonly gradient: string
  readonly firstStates: readonly string[]
  readonly lastGradients: readonly string[]
  readonly weight: string
  readonly hiddenWeight: string
  /** Biases of input and hidden state, if there are any. */
  readonly biases: readonly string[]
}

function directionOf(e: Emitter, node: Node<LayerAttributes>, cell: Cell, index: number): Direction {
  const { hasBiases, bidirectional } = node.attrs
  const [x = '', ...rest] = e.inputs
  const states = rest.splice(0, cell.states)
  const parameters = rest.splice(0, parameterCount(node.attrs))
  const [y = '', gradient = '', ...lastGradients] = rest
  const kinds = hasBiases ? 4 : 2
  const [weight = '', hiddenWeight = '', ...biases] = parameters.slice(index * kinds, (index + 1) * kinds)
  const steps = Number(node.inputs[0]?.shape[0] ?? 1)
  const hidden = Number(node.inputs[1]?.shape[2] ?? 1)
  const isReversed = index === 1
  const ordered = (sequence: string) => (isReversed ? reversed(e, sequence) : sequence)
  const ownPart = (sequence: string) =>
    ordered(bidirectional ? cut(e, sequence, 2, index * hidden, (index + 1) * hidden) : sequence)
  const ownState = (state: string) =>
    bidirectional && state !== '' ? cut(e, state, 0, index, index + 1) : state
  const firstStates = states.map(ownState)
  const [first = ''] = firstStates
  const before =
    steps === 1 ? first : e.op('Concat', [first, cut(e, ownPart(y), 0, 0, steps - 1)], { axis: 0 })
  const own = {
    x: ordered(x),
    before,
    gradient: ownPart(gradient),
    lastGradients: lastGradients.map(ownState),
  }
  return { isReversed, steps, hidden, ...own, firstStates, weight, hiddenWeight, biases }
}

function runOf(e: Emitter, direction: Direction, { gates }: Cell): DirectionRun {
  const { steps, hidden, x, before, gradient, weight, hiddenWeight, biases } = direction
  const [bias, hiddenBias] = biases
  const added = (sequence: string, matrix: string, vector: string | undefined) => {
    const factors = [matrixOf(e, sequence), matrix, ...(vector === undefined ? [] : [vector])]
    return e.op('Reshape', [e.op('Gemm', factors, { transB: 1 }), e.ints([steps, -1, gates * hidden])])
  }
  return {
    ...direction,
    ofInput: added(x, weight, bias),
    ofHidden: added(before, hiddenWeight, hiddenBias),
    gradients: eachStep(e, gradient, steps),
  }
}

function parameterGradients(
  e: Emitter,
  { x, before, biases }: Direction,
  found?: DirectionGradient,
): string[] {
  const ofInput = matrixOf(e, found?.ofInput ?? '')
  const ofHidden = matrixOf(e, found?.ofHidden ?? '')
  const product = (gates: string, sequence: string) =>
    e.op('Gemm', [gates, matrixOf(e, sequence)], { transA: 1 })
  const sum = (gates: string) => e.op('ReduceSum', [gates, e.ints([0])], { keepdims: 0 })
  const weights = [product(ofInput, x), product(ofHidden, before)]
  return biases.length === 0 ? weights : [...weights, sum(ofInput), sum(ofHidden)]
}
