import { addDims, type Dim, type Dims, mulDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { defineOp } from '../define-op.ts'
import { abs } from '../elementwise/abs.ts'
import { clamp } from '../elementwise/clamp.ts'
import { remainder } from '../elementwise/remainder.ts'
import { countedAlong, minus, multiplied, plus } from '../expressions.ts'
import { selected } from '../indexing/index-select.ts'
import { inputAt, valueAt } from '../inference.ts'

/** `pad` holds two numbers for each padded dimension, before and after, the last dimension first; negative ones crop. */
export type ConstantPadAttributes = { readonly pad: Dims; readonly value: number }

/** Adds a constant around a tensor. */
export const constantPadNd: Operation<ConstantPadAttributes> = defineOp({
  name: 'aten.constant_pad_nd',
  infer: (inputs, { pad }) => [padded('aten.constant_pad_nd', inputs, pad)],
  gradient: ({ gradients: [g], attrs: { pad } }) => [g ? cropped(g, pad) : null],
  lower: (e, { outputs: [y], attrs: { pad, value } }) => [padNode(e, y, pad, value)],
  mil: (e, { attrs: { pad, value } }) => [milPad(e, pad, value)],
})

/** Padding by a constant, which is 0 for null, or by what the tensor has: mirrored at its edges, its edges, or its other end. */
export const pad: Operation<{ readonly pad: Dims; readonly mode: string; readonly value: number | null }> =
  defineComposite({
    name: 'aten.pad',
    compose(inputs, { pad: amounts, mode, value }) {
      const x = valueAt('aten.pad', inputs, 0)
      if (mode === 'constant') return [emit(constantPadNd, [x], { pad: amounts, value: value ?? 0 })]
      const place = PLACES.get(mode)
      if (place === undefined) {
        throw new RangeError(
          `Cannot record "aten.pad": expected the mode "constant" or one of ${[...PLACES.keys()].join(', ')}, got "${mode}"`,
        )
      }
      padded('aten.pad', inputs, amounts)
      return [widened(x, amounts, place)]
    },
  })

/** Which element of a dimension stands at places that may be outside of it. */
type Place = (at: Value, size: number) => Value

const PLACES: ReadonlyMap<string, Place> = new Map<string, Place>([
  ['reflect', (at, size) => fromEnd(absolute(fromEnd(absolute(at), size)), size)],
  ['replicate', (at, size) => emit(clamp, [at], { min: 0, max: size - 1 })],
  ['circular', (at, size) => emit(remainder, [at], { other: size })],
])

function fromEnd(at: Value, size: number): Value {
  return plus(multiplied(at, -1), size - 1)
}

function absolute(at: Value): Value {
  return emit(abs, [at], {})
}

function widened(x: Value, amounts: Dims, place: Place): Value {
  return x.shape.reduce<Value>((value, size, axis) => {
    const at = 2 * (x.shape.length - 1 - axis)
    const [before = 0, after = 0] = [amounts[at], amounts[at + 1]]
    if (before === 0 && after === 0) return value
    if (typeof size !== 'number' || typeof before !== 'number' || typeof after !== 'number') {
      throw new ShapeError(
        `Cannot record "aten.pad": expected a known size of dimension ${axis}, got ${formatType(x)}`,
      )
    }
    return selected(value, place(minus(countedAlong(0, size + before + after, 1), before), size), axis)
  }, x)
}

function padded(op: string, inputs: readonly (TensorType | null)[], amounts: Dims): TensorType {
  const type = inputAt(op, inputs, 0)
  const count = amounts.length / 2
  if (!Number.isInteger(count) || count > type.shape.length) {
    throw new ShapeError(
      `Cannot record "${op}": expected two pads for each of at most ${type.shape.length} dimensions, got ${amounts.length}`,
    )
  }
  const shape = type.shape.map((size, axis) => {
    const i = 2 * (type.shape.length - 1 - axis)
    return addDims(size, addDims(amounts[i] ?? 0, amounts[i + 1] ?? 0))
  })
  if (shape.some((size) => typeof size === 'number' && size < 0)) {
    throw new ShapeError(
      `Cannot record "${op}": expected pads that leave something, got [${amounts.join(', ')}] for ${formatType(type)}`,
    )
  }
  return { shape, dtype: type.dtype }
}

function cropped(g: Value, amounts: Dims): Value {
  return emit(constantPadNd, [g], { pad: amounts.map((amount) => mulDims(amount, -1)), value: 0 })
}

function padNode(e: Emitter, output: TensorType | undefined, amounts: Dims, value: number): string {
  const { shape, dtype } = output ?? { shape: [], dtype: 'float32' }
  const axes = Array.from({ length: amounts.length / 2 }, (_, i) => shape.length - 1 - i)
  const side = (offset: number): Dim[] => axes.map((_, i) => amounts[2 * i + offset] ?? 0)
  const [input = ''] = e.inputs
  return e.op('Pad', [input, e.shape([...side(0), ...side(1)]), e.scalar(value, dtype), e.ints(axes)])
}

function milPad(e: MilEmitter, amounts: Dims, value: number): MilValue {
  const x = e.input(0)
  const pad = x.shape.flatMap((_, axis) => {
    const i = 2 * (x.shape.length - 1 - axis)
    return [amounts[i] ?? 0, amounts[i + 1] ?? 0].map((amount) =>
      typeof amount === 'number' && amount >= 0
        ? amount
        : e.refuse('known pads of at least 0', String(amount)),
    )
  })
  return e.op('pad', { x, pad, mode: 'constant', constant_val: e.scalar(value, x.dtype) })
}
