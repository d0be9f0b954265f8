import type { Dims } from '../../ir/dim.ts'
import type { MilArguments, MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { type Cell, directionsOf, type RecurrentAttributes, sortInputs } from './recurrent-type.ts'

/** How MIL writes a cell. */
export interface MilCell extends Cell {
  /** For each gate in MIL's order, its place in PyTorch's. */
  readonly milOrder: readonly number[]
  /** The sequence and the states after it, of one layer. */
  readonly layer: (e: MilEmitter, layer: MilLayer) => MilValue[]
}

/** One layer for MIL: x [steps, batch, in], states [batch, directions * hidden]. */
export interface MilLayer {
  readonly x: MilValue
  readonly states: readonly MilValue[]
  /** For each direction: the weights of input and hidden state and, if there are any, their biases, with their gates in MIL's order. */
  readonly parameters: readonly (readonly MilValue[])[]
  /** Types of the sequence and of the states. */
  readonly results: readonly TensorType[]
}

/** Writes one operation of MIL for each layer. */
export function milRecurrent(
  e: MilEmitter,
  node: Node<RecurrentAttributes>,
  cell: MilCell,
): readonly MilValue[] {
  const { attrs, outputs } = node
  const inputs = e.inputs.filter((input) => input !== null)
  const { x, states, layers } = sortInputs(inputs, attrs, cell)
  const directions = directionsOf(attrs)
  const [batch = 1, hidden = 1] = states[0]?.shape.slice(1) ?? []
  const kinds = attrs.hasBiases ? 4 : 2
  const flip = (value: MilValue) =>
    e.op(
      'transpose',
      { x: value, perm: [1, 0, 2] },
      { shape: [value.shape[1] ?? 1, value.shape[0] ?? 1, value.shape[2] ?? 1] },
    )
  let sequence = attrs.batchFirst ? flip(x) : x
  const last: MilValue[][] = states.map(() => [])
  for (const [layer, blocks] of layers.entries()) {
    const width = Number(hidden) * directions
    const ordered = blocks.map((block) => orderedGates(e, block, cell, Number(hidden)))
    const parameters = Array.from({ length: directions }, (_, i) => ordered.slice(i * kinds, (i + 1) * kinds))
    const state = { shape: [batch, width], dtype: x.dtype }
    const results = [
      { shape: [sequence.shape[0] ?? 1, batch, width], dtype: x.dtype },
      ...states.map(() => state),
    ]
    const first = states.map((each) => joined(e, each, layer * directions, directions))
    const [all = x, ...after] = cell.layer(e, { x: sequence, states: first, parameters, results })
    sequence = all
    for (const [i, each] of after.entries()) last[i]?.push(separated(e, each, directions))
  }
  return [
    attrs.batchFirst ? flip(sequence) : sequence,
    ...last.map((parts, i) => stacked(e, parts, outputs[i + 1]?.shape ?? [])),
  ]
}

/** The arguments of one direction, with the suffix that its names have. */
export function milWeights([ih, hh]: readonly MilValue[], suffix = ''): MilArguments {
  return { [`weight_ih${suffix}`]: ih, [`weight_hh${suffix}`]: hh }
}

/** The sum of two biases that are constants. */
export function milBias(e: MilEmitter, [, , ih, hh]: readonly MilValue[]): MilValue | undefined {
  if (ih === undefined || hh === undefined) return undefined
  const [a, b] = [toFloat32(e.content(ih)), toFloat32(e.content(hh))]
  return e.constant(
    fromTypedArray(
      a.map((value, i) => value + (b[i] ?? 0)),
      [a.length],
    ),
  )
}

function orderedGates(e: MilEmitter, block: MilValue, { milOrder }: MilCell, hidden: number): MilValue {
  const rows = milOrder.flatMap((gate) => Array.from({ length: hidden }, (_, i) => gate * hidden + i))
  return e.reorderRows(block, rows)
}

/** States of some directions, [layers * directions, batch, hidden], as [batch, directions * hidden]. */
function joined(e: MilEmitter, states: MilValue, first: number, count: number): MilValue {
  const [all = 1, batch = 1, hidden = 1] = states.shape
  const args = { x: states, begin: [first, 0, 0], end: [first + count, 0, 0], end_mask: [false, true, true] }
  const part = all === count ? states : e.op('slice_by_index', args, { shape: [count, batch, hidden] })
  if (count === 1) return e.reshape(part, [batch, hidden])
  const turned = e.op('transpose', { x: part, perm: [1, 0, 2] }, { shape: [batch, count, hidden] })
  return e.reshape(turned, [batch, Number(hidden) * count])
}

/** The other way round: [directions, batch, hidden]. */
function separated(e: MilEmitter, state: MilValue, count: number): MilValue {
  const [batch = 1, width = 1] = state.shape
  const hidden = Number(width) / count
  if (count === 1) return e.reshape(state, [1, batch, hidden])
  const parts = e.reshape(state, [batch, count, hidden])
  return e.op('transpose', { x: parts, perm: [1, 0, 2] }, { shape: [count, batch, hidden] })
}

function stacked(e: MilEmitter, parts: readonly MilValue[], shape: Dims): MilValue {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  return e.op('concat', { values: parts, axis: 0, interleave: false }, { shape })
}
