import { emit, emitAll, type Value } from '../../ir/node.ts'
import type { GradientCall, Operation } from '../../ir/operation.ts'
import { dropout } from '../activation/dropout.ts'
import { full } from '../creation/full.ts'
import { add } from '../elementwise/add.ts'
import { cat } from '../shape/cat.ts'
import { transpose } from '../shape/permute.ts'
import { slice } from '../shape/slice.ts'
import { type Cell, directionsOf, dropsOut, type RecurrentAttributes, sortInputs } from './recurrent-type.ts'

/** The attributes of the one-layer operations that a gradient is made of. */
export type LayerAttributes = { readonly hasBiases: boolean; readonly bidirectional: boolean }

/** A layer as the gradient needs it. */
interface Layer {
  readonly x: Value
  readonly states: readonly Value[]
  readonly parameters: readonly Value[]
  /** Its outputs, before any dropout. */
  readonly y: Value
  /** Seed of the dropout behind it, null where there is none. */
  readonly seed: Value | null
}

/**
 * Gradients of a recurrent operation: the layers are run again one by one, which the engine merges with the first run, and then
 * differentiated from the last to the first by `layerGradient`.
 */
export function recurrentGradient(
  { inputs, outputs, gradients, attrs }: GradientCall<RecurrentAttributes>,
  forward: Operation<RecurrentAttributes>,
  layerGradient: Operation<LayerAttributes>,
  cell: Cell,
): (Value | null)[] {
  const layers = runLayers(inputs, outputs, attrs, forward, cell)
  const [result] = outputs
  if (result === undefined) return inputs.map(() => null)
  const zeros = (like: Value) => emit(full, [], { size: like.shape, fillValue: 0, dtype: like.dtype })
  let g = stepsFirst(gradients[0] ?? zeros(result), attrs)
  const found: Value[][] = []
  const ofStates: Value[][] = []
  for (const [i, layer] of [...layers.entries()].reverse()) {
    const last = gradients.slice(1).map((state) => (state ? layerState(state, i, attrs) : null))
    const { hasBiases, bidirectional } = attrs
    if (layer.seed !== null) g = emit(dropout, [g, layer.seed], { p: attrs.dropout, train: true })
    const [gx = g, ...rest] = emitAll(
      layerGradient,
      [layer.x, ...layer.states, ...layer.parameters, layer.y, g, ...last],
      { hasBiases, bidirectional },
    )
    g = gx
    ofStates.unshift(rest.slice(0, cell.states))
    found.unshift(rest.slice(cell.states))
  }
  const states = Array.from({ length: cell.states }, (_, i) => joined(ofStates.map((state) => state[i] ?? g)))
  return [stepsFirst(g, attrs), ...states, ...found.flat(), null]
}

function runLayers(
  inputs: readonly (Value | null)[],
  outputs: readonly Value[],
  attrs: RecurrentAttributes,
  forward: Operation<RecurrentAttributes>,
  cell: Cell,
): Layer[] {
  const present = inputs.filter((input) => input !== null)
  const { x, states, layers, seed } = sortInputs(present, attrs, cell)
  let sequence = stepsFirst(x, attrs)
  return layers.map((parameters, i) => {
    const first = states.map((state) => layerState(state, i, attrs))
    const isLast = i === attrs.numLayers - 1
    const single = { ...attrs, numLayers: 1, batchFirst: false }
    const [result = sequence] = isLast ? outputs : []
    const y = isLast ? stepsFirst(result, attrs) : emit(forward, [sequence, ...first, ...parameters], single)
    const layerSeed =
      seed && !isLast && dropsOut(attrs) ? emit(add, [seed], { other: i + 1, alpha: 1 }) : null
    const layer = { x: sequence, states: first, parameters, y, seed: layerSeed }
    sequence = layerSeed ? emit(dropout, [y, layerSeed], { p: attrs.dropout, train: true }) : y
    return layer
  })
}

/** Swaps batch and steps where the batch comes first. */
function stepsFirst(value: Value, { batchFirst }: RecurrentAttributes): Value {
  return batchFirst ? emit(transpose, [value], { dim0: 1, dim1: 0 }) : value
}

function layerState(state: Value, layer: number, attrs: RecurrentAttributes): Value {
  if (attrs.numLayers === 1) return state
  const directions = directionsOf(attrs)
  return emit(slice, [state], { dim: 0, start: layer * directions, end: (layer + 1) * directions, step: 1 })
}

function joined(parts: readonly Value[]): Value {
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : emit(cat, parts, { dim: 0 })
}
