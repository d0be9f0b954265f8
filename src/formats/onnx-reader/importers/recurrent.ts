import type { Value } from '../../../ir/node.ts'
import type { Operation } from '../../../ir/operation.ts'
import { full } from '../../../ops/creation/full.ts'
import { gru } from '../../../ops/recurrent/gru.ts'
import { lstm } from '../../../ops/recurrent/lstm.ts'
import type { RecurrentAttributes } from '../../../ops/recurrent/recurrent-type.ts'
import { permute } from '../../../ops/shape/permute.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import { fromTypedArray } from '../../../tensor/from-typed-array.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { toTypedArray } from '../../../tensor/to-typed-array.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import type { Operand } from '../operand.ts'

/** A kind of cell, and in which order ONNX has the gates that PyTorch numbers. */
interface Cell {
  readonly op: Operation<RecurrentAttributes>
  readonly gates: readonly number[]
  readonly activations: string
}

const LSTM: Cell = { op: lstm, gates: [0, 2, 3, 1], activations: 'Sigmoid Tanh Tanh' }
const GRU: Cell = { op: gru, gates: [1, 0, 2], activations: 'Sigmoid Tanh' }

function recurrent(cell: Cell): Importer {
  return (call) => {
    const directions = call.text('direction', 'forward') === 'bidirectional' ? 2 : 1
    if (!isPlain(call, cell, directions)) return undefined
    const [w, r, b] = [call.input(1), call.input(2), call.optional(3)]
    if (!w.stored || !r.stored || (b && !b.stored)) return undefined
    const hidden = Number(r.shape[2] ?? 0)
    const x = call.value(0)
    const states = Array.from({ length: cell === LSTM ? 2 : 1 }, (_, i) =>
      firstState(call, 5 + i, x, directions, hidden),
    )
    const attrs = {
      hasBiases: b !== undefined,
      numLayers: 1,
      dropout: 0,
      train: false,
      bidirectional: directions === 2,
      batchFirst: false,
    }
    const outputs = call.emitAll(
      cell.op,
      [x, ...states, ...parameters(call, cell, [w, r, b], directions, hidden)],
      attrs,
    )
    const [sequence, ...last] = outputs
    if (sequence === undefined) return undefined
    const [steps = 1, batch = 1] = sequence.shape
    const apart = call.emit(reshape, [sequence], { shape: [steps, batch, directions, hidden] })
    return [call.emit(permute, [apart], { dims: [0, 2, 1, 3] }), ...last]
  }
}

/** Whether the cell is PyTorch's: no clipping, peepholes, lengths or other functions. */
function isPlain(call: NodeCall, { op, activations }: Cell, directions: number): boolean {
  const expected = Array.from({ length: directions }, () => activations).join(' ')
  return (
    ['forward', 'bidirectional'].includes(call.text('direction', 'forward')) &&
    !call.has('clip') &&
    call.int('layout', 0) === 0 &&
    call.int('input_forget', 0) === 0 &&
    (call.texts('activations') ?? expected.split(' ')).join(' ') === expected &&
    call.optional(4) === undefined &&
    call.optional(7) === undefined &&
    (op !== gru || call.int('linear_before_reset', 0) === 1)
  )
}

function firstState(call: NodeCall, index: number, x: Value, directions: number, hidden: number): Value {
  const given = call.optionalValue(index)
  return (
    given ??
    call.emit(full, [], { size: [directions, x.shape[1] ?? 1, hidden], fillValue: 0, dtype: x.dtype })
  )
}

/** For each direction the weights of input and hidden state and their biases, with the gates in PyTorch's order. */
function parameters(
  call: NodeCall,
  { gates }: Cell,
  [w, r, b]: readonly [Operand, Operand, Operand | undefined],
  directions: number,
  hidden: number,
): Value[] {
  return Array.from({ length: directions }, (_, direction) => {
    const end = direction === 0 ? 'l0' : 'l0_reverse'
    const part = (operand: Operand, role: string, start: number) =>
      call.importer.statePart(operand, `${role}_${end}`, call.modulePath, (array) =>
        ordered(array, direction, start, gates, hidden),
      )
    const weights = [part(w, 'weight_ih', 0), part(r, 'weight_hh', 0)]
    if (b === undefined) return weights
    return [...weights, part(b, 'bias_ih', 0), part(b, 'bias_hh', gates.length * hidden)]
  }).flat()
}

/** Rows of one direction from `start` on, block by block in another order. */
function ordered(
  array: HostArray,
  direction: number,
  start: number,
  gates: readonly number[],
  hidden: number,
): HostArray {
  const [, rows = 0, width = 1] = array.shape
  const source = toTypedArray(array)
  const target = source.slice(0, gates.length * hidden * width)
  for (const [place, gate] of gates.entries()) {
    const from = (direction * rows + start + gate * hidden) * width
    target.set(source.subarray(from, from + hidden * width) as never, place * hidden * width)
  }
  const shape = array.shape.length === 2 ? [gates.length * hidden] : [gates.length * hidden, width]
  return fromTypedArray(target, shape, array.dtype)
}

/** Recurrent layers. */
export const recurrence: Readonly<Record<string, Importer>> = { GRU: recurrent(GRU), LSTM: recurrent(LSTM) }
