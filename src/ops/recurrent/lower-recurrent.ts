import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import { keptFactor } from '../random/kept-factor.ts'
import { type Cell, directionsOf, dropsOut, type RecurrentAttributes, sortInputs } from './recurrent-type.ts'

/** How ONNX writes a cell. */
export interface OnnxCell extends Cell {
  readonly type: 'LSTM' | 'GRU'
  /** For each gate in ONNX's order, its place in PyTorch's. */
  readonly gateOrder: readonly number[]
  readonly attrs: Readonly<Record<string, number>>
}

/** Writes one ONNX LSTM or GRU for each layer. */
export function lowerRecurrent(e: Emitter, node: Node<RecurrentAttributes>, cell: OnnxCell): string[] {
  const { attrs } = node
  const { x, states, layers, seed } = sortInputs(e.inputs, attrs, cell)
  let sequence = attrs.batchFirst ? e.op('Transpose', [x], { perm: [1, 0, 2] }) : x
  const last: string[][] = states.map(() => [])
  layers.forEach((parameters, layer) => {
    const first = states.map((state) => layerState(e, state, layer, attrs))
    if (layer > 0 && dropsOut(attrs)) sequence = dropped(e, node, sequence, seed ?? '', layer)
    const [outputs = '', ...after] = layerNodes(e, node, cell, [sequence, ...first], parameters)
    sequence = joinDirections(e, outputs, directionsOf(attrs))
    for (const [i, state] of after.entries()) last[i]?.push(state)
  })
  const result = attrs.batchFirst ? e.op('Transpose', [sequence], { perm: [1, 0, 2] }) : sequence
  return [
    result,
    ...last.map((parts) => (parts.length === 1 ? (parts[0] ?? '') : e.op('Concat', parts, { axis: 0 }))),
  ]
}

/** The sequence of all directions, [steps, directions, batch, hidden], and the states after it. */
function layerNodes(
  e: Emitter,
  { inputs, attrs }: Node<RecurrentAttributes>,
  cell: OnnxCell,
  [x = '', ...states]: readonly string[],
  parameters: readonly string[],
): string[] {
  const directions = directionsOf(attrs)
  const hidden = Number(inputs[1]?.shape[2] ?? 1)
  const kinds = attrs.hasBiases ? 4 : 2
  const stacked = (blocks: readonly string[], shape: readonly number[]) => {
    const all = blocks.length === 1 ? (blocks[0] ?? '') : e.op('Concat', blocks, { axis: 0 })
    return e.op('Reshape', [
      e.op('Gather', [all, gateRows(e, cell, hidden, blocks.length)], { axis: 0 }),
      e.ints(shape),
    ])
  }
  const ofKind = (kind: number) => parameters.filter((_, i) => i % kinds === kind)
  const rows = cell.gates * hidden
  const biases = parameters.filter((_, i) => i % kinds >= 2)
  return e.ops(
    cell.type,
    [
      x,
      stacked(ofKind(0), [directions, rows, -1]),
      stacked(ofKind(1), [directions, rows, hidden]),
      biases.length > 0 ? stacked(biases, [directions, 2 * rows]) : '',
      '',
      ...states,
    ],
    [true, ...states.map(() => true)],
    { hidden_size: hidden, direction: directions === 2 ? 'bidirectional' : 'forward', ...cell.attrs },
  )
}

/** Row numbers that bring the gates of `blocks` parameters on top of each other into ONNX's order. */
function gateRows(e: Emitter, { gates, gateOrder }: OnnxCell, hidden: number, blocks: number): string {
  const places = Array.from({ length: blocks }, (_, block) =>
    gateOrder.map((gate) => block * gates + gate),
  ).flat()
  return e.ints(places.flatMap((place) => Array.from({ length: hidden }, (_, i) => place * hidden + i)))
}

function joinDirections(e: Emitter, outputs: string, directions: number): string {
  if (directions === 1) return e.op('Squeeze', [outputs, e.ints([1])])
  return e.op('Reshape', [e.op('Transpose', [outputs], { perm: [0, 2, 1, 3] }), e.ints([0, 0, -1])])
}

/** The states of one layer, by the node that `aten.slice` has, so that the gradient's own forward is merged with this one. */
function layerState(e: Emitter, state: string, layer: number, attrs: RecurrentAttributes): string {
  if (attrs.numLayers === 1) return state
  const directions = directionsOf(attrs)
  const bounds = [e.ints([layer * directions]), e.ints([(layer + 1) * directions])]
  return e.op('Slice', [state, ...bounds, e.ints([0]), e.ints([1])])
}

function dropped(
  e: Emitter,
  { outputs: [y], attrs: { batchFirst, dropout } }: Node<RecurrentAttributes>,
  sequence: string,
  seed: string,
  layer: number,
): string {
  const [first = 1, second = 1, width = 1] = y?.shape ?? []
  const shape = batchFirst ? [second, first, width] : [first, second, width]
  const layerSeed = e.op('Add', [seed, e.scalar(layer, 'int64')])
  return e.op('Mul', [sequence, keptFactor(e, shape, dropout, layerSeed)])
}
