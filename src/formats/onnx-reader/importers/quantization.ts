import { dequantize, quantize } from '../../../ops/quantization/quantize.ts'
import type { DType } from '../../../tensor/dtype.ts'
import { isFloating } from '../../../tensor/dtype.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import { axisOf } from './shape.ts'

/** Where scales differ: an axis, and the length of a block along it; null where there is one scale. */
type Division = { readonly axis: number | null; readonly blockSize: number | null }

/** Undefined for a scale that has another form. */
function divisionOf(call: NodeCall): Division | undefined {
  const { shape } = call.input(0)
  const scale = call.input(1).shape
  const blockSize = call.int('block_size', 0)
  if (blockSize > 0) return { axis: axisOf(call, call.int('axis', 1), shape.length), blockSize }
  if (scale.length === 0) return { axis: null, blockSize: null }
  if (scale.length !== 1) return undefined
  return { axis: axisOf(call, call.int('axis', 1), shape.length), blockSize: null }
}

const RANGES: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int4: [-8, 7],
  uint4: [0, 15],
}

const quantized: Importer = (call) => {
  const division = divisionOf(call)
  const dtype = call.optional(2)?.dtype ?? 'uint8'
  const [quantMin, quantMax] = RANGES[dtype] ?? []
  if (division === undefined || quantMin === undefined || quantMax === undefined || call.has('output_dtype'))
    return undefined
  const inputs = [call.value(0), call.state(1, 'scale'), call.optionalState(2, 'zero_point')]
  return call.emit(quantize, inputs, { ...division, dtype, quantMin, quantMax })
}

const dequantized: Importer = (call) => {
  const division = divisionOf(call)
  const { dtype } = call.input(0)
  if (division === undefined || isFloating(dtype) || dtype === 'int32') return undefined
  const inputs = [call.state(0, 'weight'), call.state(1, 'scale'), call.optionalState(2, 'zero_point')]
  return call.emit(dequantize, inputs, division)
}

/** Values that are quantized in the file already. */
export const quantization: Readonly<Record<string, Importer>> = {
  DequantizeLinear: dequantized,
  QuantizeLinear: quantized,
}
