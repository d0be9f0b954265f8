import { isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { axisOf } from './blocks.ts'
import type { FakeQuantizeAttributes } from './fake-quantize-attributes.ts'

/** Below this number of elements telling finite tensors apart costs more than it saves. */
const MIN_SIZE = 2 ** 13

/** Magnitudes below it neither overflow nor end in NaN on the way. */
const SAFE_MAGNITUDE = 1e30

/**
 * Name of a bool that holds where QuantizeLinear and DequantizeLinear compute a fake quantization exactly and in half the time: they do not keep NaN.
 * Undefined where they are of no use: when a gradient needs to know what was clipped, for a tensor that is folded when the session is made, for few elements,
 * for floats, minvals, or blocks that ONNX does not have.
 */
export function fusibleWhen(e: Emitter, node: Node<FakeQuantizeAttributes>): string | undefined {
  const { inputs, attrs } = node
  const shape = inputs[0]?.shape ?? []
  const isInteger = dtypeInfo(attrs.dtype).kind !== 'float' && !inputs[3]
  const isFolded = e.isConstant(0) && e.isConstant(1)
  if (!isInteger || isFolded || e.uses(1) > 0 || !e.has('int16Quantize')) return undefined
  if (axisOf(attrs.blocks) === undefined || !isConcrete(shape) || sizeOf(shape) < MIN_SIZE) return undefined
  const [x = '', scale = ''] = e.inputs
  const scales = axisOf(attrs.blocks) === -1 ? scale : e.op('ReduceSum', [scale], { keepdims: 0 })
  return e.op('Less', [
    e.op('Add', [e.op('ReduceL1', [x], { keepdims: 0 }), scales]),
    e.scalar(SAFE_MAGNITUDE),
  ])
}

/** The fused form, for finite values. */
export function lowerFused(e: Emitter, node: Node<FakeQuantizeAttributes>): string {
  const { blocks, dtype, quantMin, quantMax } = node.attrs
  const axis = axisOf(blocks) ?? -1
  const shape = axis === -1 ? [] : [node.inputs[0]?.shape[axis] ?? 1]
  const storage = dtypeInfo(dtype).kind === 'uint' ? 'uint8' : 'int8'
  const [x = ''] = e.inputs
  const scale = reshapeNode(e, e.inputs[1] ?? '', node.inputs[1]?.shape ?? [], shape)
  const given = e.inputs[2]
    ? e.cast(reshapeNode(e, e.inputs[2], node.inputs[2]?.shape ?? [], shape), storage)
    : undefined
  const fixed = Array.from({ length: Number(shape[0] ?? 1) }, () => node.attrs.zeroPoint ?? 0)
  const zeroPoint = given ?? e.constant(fromValues(storage, shape.map(Number), fixed))
  const along = axis === -1 ? {} : { axis }
  const quantized = e.op('QuantizeLinear', [x, scale, zeroPoint], along)
  const fills = quantMax - quantMin === 255
  const bound = (value: number) => e.constant(fromValues(storage, [], [value]))
  const clipped = fills ? quantized : e.op('Clip', [quantized, bound(quantMin), bound(quantMax)])
  return e.op('DequantizeLinear', [clipped, scale, zeroPoint], along)
}
