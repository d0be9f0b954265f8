import { addDims, type Dim, type Dims, mulDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { inputAt } from '../inference.ts'

/** `pad` holds two numbers for each padded dimension, before and after, the last dimension first; negative ones crop. */
export type ConstantPadAttributes = { readonly pad: Dims; readonly value: number }

/** Adds a constant around a tensor. */
export const constantPadNd: Operation<ConstantPadAttributes> = defineOp({
  name: 'aten.constant_pad_nd',
  infer: (inputs, { pad }) => [padded('aten.constant_pad_nd', inputs, pad)],
  gradient: ({ gradients: [g], attrs: { pad } }) => [g ? cropped(g, pad) : null],
  lower: (e, { outputs: [y], attrs: { pad, value } }) => [padNode(e, y, pad, value)],
})

/** Padding by a constant, which is 0 for null. */
export const pad: Operation<{ readonly pad: Dims; readonly mode: string; readonly value: number | null }> =
  defineOp({
    name: 'aten.pad',
    infer(inputs, attrs) {
      if (attrs.mode !== 'constant') {
        throw new RangeError(`Cannot record "aten.pad": expected the mode "constant", got "${attrs.mode}"`)
      }
      return [padded('aten.pad', inputs, attrs.pad)]
    },
    gradient: ({ gradients: [g], attrs }) => [g ? cropped(g, attrs.pad) : null],
    lower: (e, { outputs: [y], attrs }) => [padNode(e, y, attrs.pad, attrs.value ?? 0)],
  })

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
