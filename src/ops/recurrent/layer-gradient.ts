import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import type { LayerAttributes } from './recurrent-gradient.ts'
import type { Cell } from './recurrent-type.ts'

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
  const directions = node.attrs.bidirectional ? 2 : 1
  const found = Array.from({ length: directions }, (_, d) => directionGradient(e, node, cell, walk, d))
  const merge = (parts: readonly string[], type: string, attrs = {}) =>
    parts.length === 1 ? (parts[0] ?? '') : e.op(type, parts, attrs)
  const gx =
    e.uses(0) > 0
      ? merge(
          found.map(({ x }) => x()),
          'Add',
        )
      : ''
  const states = Array.from({ length: cell.states }, (_, i) =>
    merge(
      found.map((direction) => direction.states[i] ?? ''),
      'Concat',
      { axis: 0 },
    ),
  )
  return [gx, ...states, ...found.flatMap(({ parameters }) => parameters)]
}

interface ParameterGradients {
  x(): string
  readonly states: readonly string[]
  readonly parameters: readonly string[]
}

function directionGradient(
  e: Emitter,
  node: Node<LayerAttributes>,
  cell: Cell,
  walk: Walk,
  direction: number,
): ParameterGradients {
  const isReversed = direction === 1
  const ordered = (value: string) => (isReversed ? reversed(e, value) : value)
  const count = parameterCount(node.attrs)
  const kinds = node.attrs.hasBiases ? 4 : 2
  const { inputs } = node
  const names = e.inputs
  const at = 1 + cell.states
  const [weight = '', hiddenWeight = '', bias = '', hiddenBias = ''] = names.slice(
    at + direction * kinds,
    at + (direction + 1) * kinds,
  )
  const steps = Number(inputs[0]?.shape[0] ?? 1)
  const hidden = Number(inputs[1]?.shape[2] ?? 1)
  const ownPart = (value: string) =>
    node.attrs.bidirectional ? cut(e, value, 2, direction * hidden, (direction + 1) * hidden) : value
  const ownState = (value: string) =>
    node.attrs.bidirectional && value !== '' ? cut(e, value, 0, direction, direction + 1) : value
  const x = ordered(names[0] ?? '')
  const y = ordered(ownPart(names[at + count] ?? ''))
  const firstStates = names.slice(1, at).map(ownState)
  const before =
    steps === 1
      ? (firstStates[0] ?? '')
      : e.op('Concat', [firstStates[0] ?? '', cut(e, y, 0, 0, steps - 1)], { axis: 0 })
  const gates = (value: string, matrix: string, added: string) => {
    const product = e.op('Gemm', [rowsOf(e, value), matrix, ...(added ? [added] : [])], { transB: 1 })
    return e.op('Reshape', [product, e.ints([steps, -1, cell.gates * hidden])])
  }
  const found = walk(e, {
    steps,
    hidden,
    ofInput: gates(x, weight, bias),
    ofHidden: gates(before, hiddenWeight, hiddenBias),
    before,
    firstStates,
    hiddenWeight,
    gradients: eachStep(e, ordered(ownPart(names[at + count + 1] ?? '')), steps),
    lastGradients: names.slice(at + count + 2).map(ownState),
  })
  const sums = (value: string) => e.op('ReduceSum', [rowsOf(e, value), e.ints([0])], { keepdims: 0 })
  const product = (a: string, b: string) => e.op('Gemm', [rowsOf(e, a), rowsOf(e, b)], { transA: 1 })
  const biases = node.attrs.hasBiases ? [sums(found.ofInput), sums(found.ofHidden)] : []
  return {
    x: () => ordered(e.op('MatMul', [found.ofInput, weight])),
    states: found.states,
    parameters: [product(found.ofInput, x), product(found.ofHidden, before), ...biases],
  }
}

/** Writes a part of a dimension. */
export function cut(e: Emitter, value: string, axis: number, start: number, end: number): string {
  return e.op('Slice', [value, e.ints([start]), e.ints([end]), e.ints([axis]), e.ints([1])])
}

/** Writes the steps of a sequence, each [1, batch, width]. */
export function eachStep(e: Emitter, value: string, steps: number): string[] {
  if (steps === 1) return [value]
  const all = Array.from({ length: steps }, () => true)
  return e.ops('Split', [value, e.ints(all.map(() => 1))], all, { axis: 0 })
}

/** Writes values joined along a dimension. */
export function join(e: Emitter, values: readonly string[], axis: number): string {
  return values.length === 1 ? (values[0] ?? '') : e.op('Concat', values, { axis })
}

/** Writes the gates of [steps, batch, gates * hidden], each [steps, batch, hidden]. */
export function eachGate(e: Emitter, value: string, gates: number, hidden: number): string[] {
  const all = Array.from({ length: gates }, () => true)
  return e.ops('Split', [value, e.ints(all.map(() => hidden))], all, { axis: 2 })
}

function rowsOf(e: Emitter, value: string): string {
  return e.op('Flatten', [value], { axis: 2 })
}

function reversed(e: Emitter, value: string): string {
  return e.op('Slice', [value, e.ints([-1]), e.ints([-(2 ** 31)]), e.ints([0]), e.ints([-1])])
}
