import { type Dims, formatDims, mulDims, sameDims } from '../../ir/dim.ts'
import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { floatingAt, rankedAt } from '../inference.ts'
import { seedAt } from '../random/counter-bits.ts'

/** `dropout` is the share of a layer's outputs that the next one does not see while `train`. */
export type RecurrentAttributes = {
  readonly hasBiases: boolean
  readonly numLayers: number
  readonly dropout: number
  readonly train: boolean
  readonly bidirectional: boolean
  readonly batchFirst: boolean
}

/** A kind of recurrent cell. */
export interface Cell {
  readonly name: string
  /** Blocks of rows in its weights. */
  readonly gates: number
  /** How many states it hands on: the hidden one, and a memory. */
  readonly states: number
}

/** The inputs of a recurrent operation by what they are. */
export interface RecurrentInputs<T> {
  readonly x: T
  /** The first states [layers * directions, batch, hidden]. */
  readonly states: readonly T[]
  /** For each layer, one direction after the other: the weights of input and hidden state and, if there are any, their biases. */
  readonly layers: readonly (readonly T[])[]
  /** Seed of the dropout between layers, undefined where there is none. */
  readonly seed: T | undefined
}

/** Sorts inputs by what they are. */
export function sortInputs<T>(
  inputs: readonly T[],
  attrs: RecurrentAttributes,
  { name, states }: Cell,
): RecurrentInputs<T> {
  const [x, ...rest] = inputs
  const count = (attrs.hasBiases ? 4 : 2) * directionsOf(attrs)
  const layers = Array.from({ length: attrs.numLayers }, (_, i) =>
    rest.slice(states + i * count, states + (i + 1) * count),
  )
  if (x === undefined) throw new TypeError(`Cannot record "${name}": expected a tensor as input 0, got none`)
  return { x, states: rest.slice(0, states), layers, seed: rest[states + attrs.numLayers * count] }
}

/** In how many directions the steps are run. */
export function directionsOf({ bidirectional }: RecurrentAttributes): number {
  return bidirectional ? 2 : 1
}

/** Types of the outputs: the sequence [steps, batch, hidden * directions] (or batch first), and the states after its end. */
export function inferRecurrent(
  inputs: readonly (TensorType | null)[],
  attrs: RecurrentAttributes,
  cell: Cell,
): TensorType[] {
  const op = cell.name
  floatingAt(op, inputs, 0)
  const { shape, dtype } = rankedAt(op, inputs, 0, 3)
  const hidden = rankedAt(op, inputs, 1, 3).shape[2] ?? 1
  const state = [attrs.numLayers * directionsOf(attrs), shape[attrs.batchFirst ? 0 : 1] ?? 1, hidden]
  const { states, layers, seed } = sortInputs(inputs, attrs, cell)
  const x = formatType({ shape, dtype })
  for (const type of states) checkShape(op, `state for ${x}`, type, state)
  const rows = mulDims(hidden, cell.gates)
  const width = mulDims(hidden, directionsOf(attrs))
  for (const [layer, parameters] of layers.entries()) {
    const from = layer === 0 ? (shape[2] ?? 1) : width
    const shapes = [[rows, from], [rows, hidden], [rows], [rows]].slice(0, attrs.hasBiases ? 4 : 2)
    const expected = Array.from({ length: directionsOf(attrs) }, () => shapes).flat()
    for (const [i, dims] of expected.entries())
      checkShape(op, `parameter ${i} of layer ${layer} for ${x}`, parameters[i], dims)
  }
  checkDropout(op, inputs, attrs, seed)
  const result = { shape: shape.with(2, width), dtype }
  return [result, ...states.map(() => ({ shape: state, dtype }))]
}

/** Whether layers are separated by dropout. */
export function dropsOut({ dropout, train, numLayers }: RecurrentAttributes): boolean {
  return train && dropout > 0 && numLayers > 1
}

function checkDropout(
  op: string,
  inputs: readonly (TensorType | null)[],
  attrs: RecurrentAttributes,
  seed: TensorType | null | undefined,
): void {
  if (!(attrs.dropout >= 0 && attrs.dropout < 1)) {
    throw new RangeError(`Cannot record "${op}": expected dropout in [0, 1), got ${attrs.dropout}`)
  }
  if (dropsOut(attrs)) seedAt(op, inputs, seed ? inputs.lastIndexOf(seed) : inputs.length)
}

function checkShape(op: string, name: string, type: TensorType | null | undefined, shape: Dims): void {
  if (type && sameDims(type.shape, shape)) return
  const got = type ? formatType(type) : 'none'
  throw new ShapeError(`Cannot record "${op}": expected ${name} to be ${formatDims(shape)}, got ${got}`)
}
