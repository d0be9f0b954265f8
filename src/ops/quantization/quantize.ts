import { isConcrete } from '../../ir/dim.ts'
import type { Emitter, OnnxAttribute } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt, inputAt, normalizeDim } from '../inference.ts'
import { checkDivision, type QuantizedDivision, spread } from './division.ts'

/** `dtype` is the element type of the result, which takes the values from `quantMin` to `quantMax`. */
export type QuantizeAttributes = QuantizedDivision & {
  readonly dtype: DType
  readonly quantMin: number
  readonly quantMax: number
}

const NAME = 'lowbit.quantize'

/**
 * Quantized values: q = clamp(round(x / scale) + zeroPoint), or clamp(round((x - minval) / scale) + zeroPoint); for float dtypes q = cast(clamp(x / scale)).
 * Inputs: x, scale, zero point of the quantized dtype or null for 0, minval or null. Rounding is half to even.
 */
export const quantize: Operation<QuantizeAttributes> = defineOp({
  name: NAME,
  infer(inputs, attrs) {
    const { shape } = floatingAt(NAME, inputs, 0)
    checkDivision(NAME, shape, floatingAt(NAME, inputs, 1).shape, attrs)
    return [{ shape, dtype: attrs.dtype }]
  },
  gradient: 'none',
  lower(e, node) {
    const { dtype, quantMin, quantMax } = node.attrs
    const [x = '', scale = '', , minval = ''] = e.inputs
    const values = minval === '' ? x : e.op('Sub', [x, spread(e, node, 3)])
    if (dtypeInfo(dtype).kind === 'float') {
      if (e.has('storedFloat8')) return [storedFloat(e, node, values)]
      const ratio = e.op('Div', [values, spread(e, node, 1)])
      return [e.op('Clip', [ratio, e.scalar(quantMin), e.scalar(quantMax)])]
    }
    const q = e.op(
      'QuantizeLinear',
      [values, scale, zeroPointOf(e, node)],
      linearAttributes(node.attrs, node.inputs[0]?.shape.length ?? 0),
    )
    return [fillsStorage(node.attrs) ? q : clipped(e, q, node.attrs)]
  },
})

/**
 * Values that quantized ones stand for: (q - zeroPoint) * scale, plus minval where there is one. Inputs: q, scale, zero point of the quantized dtype or null
 * for 0, minval or null.
 */
export const dequantize: Operation<QuantizedDivision> = defineOp({
  name: 'lowbit.dequantize',
  infer(inputs, attrs) {
    const { shape } = inputAt('lowbit.dequantize', inputs, 0)
    const scale = floatingAt('lowbit.dequantize', inputs, 1)
    checkDivision('lowbit.dequantize', shape, scale.shape, attrs)
    return [{ shape, dtype: scale.dtype }]
  },
  gradient: 'none',
  lower(e, node) {
    const [q = '', scale = '', zeroPoint = '', minval = ''] = e.inputs
    const [type] = node.inputs
    const value = isLinear(e, node)
      ? e.op(
          'DequantizeLinear',
          [q, scale, ...(zeroPoint === '' ? [] : [zeroPoint])],
          linearAttributes(node.attrs, type?.shape.length ?? 0),
        )
      : e.op('Mul', [shifted(e, node), spread(e, node, 1)])
    return [minval === '' ? value : e.op('Add', [value, spread(e, node, 3)])]
  },
})

/**
 * What ends in ONNX's Clip or Relu: ONNX Runtime (1.30, 1.32) wants to fuse these with a QuantizeLinear. Where that makes floats, it refuses a model for the
 * one, and leaves the other out, as if no code stood for less than 0.
 */
const FUSED_WRONGLY: ReadonlySet<string> = new Set(['aten.relu', 'aten.relu6', 'aten.hardtanh', 'aten.clamp'])

/** Quantized floats as a file has them. QuantizeLinear saturates at the largest value of the dtype, which is where the range ends. */
function storedFloat(e: Emitter, node: Node<QuantizeAttributes>, values: string): string {
  const { dtype, quantMin, quantMax } = node.attrs
  const [x, scale] = node.inputs
  if (isDivisionLinear(node) && !FUSED_WRONGLY.has(x?.node?.op.name ?? '')) {
    const shape = scale && isConcrete(scale.shape) ? scale.shape : []
    const zeroPoint = e.constant(fromValues(dtype, shape, new Array<number>(sizeOf(shape)).fill(0)))
    const attributes = linearAttributes(node.attrs, x?.shape.length ?? 0)
    return e.op('QuantizeLinear', [values, e.inputs[1] ?? '', zeroPoint], attributes)
  }
  const ratio = e.op('Div', [values, spread(e, node, 1)])
  return e.op('Cast', [e.op('Clip', [ratio, e.scalar(quantMin), e.scalar(quantMax)])], { to: { dtype } })
}

/** Whether DequantizeLinear can do it: integers, floats where they are stored as such, and blocks along one axis. */
function isLinear(e: Emitter, node: Node<QuantizedDivision>): boolean {
  const isFloat = dtypeInfo(node.inputs[0]?.dtype ?? 'int8').kind === 'float'
  return isDivisionLinear(node) && (!isFloat || e.has('storedFloat8'))
}

function isDivisionLinear({ inputs: [, scale], attrs: { axis } }: Node<QuantizedDivision>): boolean {
  return axis !== null || scale?.shape.length === 0
}

function shifted(e: Emitter, node: Node<QuantizedDivision>): string {
  const values = e.cast(e.inputs[0] ?? '', 'float32')
  return e.inputs[2] ? e.op('Sub', [values, e.cast(spread(e, node, 2), 'float32')]) : values
}

function linearAttributes(
  { axis, blockSize }: QuantizedDivision,
  rank: number,
): Record<string, OnnxAttribute> {
  if (axis === null) return {}
  const along = { axis: normalizeDim('lowbit.quantize', axis, rank) }
  return blockSize === null ? along : { ...along, block_size: blockSize }
}

/** The zero point, which also tells ONNX the dtype of the result. */
function zeroPointOf(e: Emitter, { inputs: [, scale], attrs: { dtype } }: Node<QuantizeAttributes>): string {
  const given = e.inputs[2]
  if (given) return given
  const shape = scale && isConcrete(scale.shape) ? scale.shape : []
  return e.constant(fromValues(storageOf(dtype), shape, new Array<number>(sizeOf(shape)).fill(0)))
}

/** Whether the range is all that the storage holds, so that ONNX's saturation is the clamp. */
function fillsStorage({ dtype, quantMin, quantMax }: QuantizeAttributes): boolean {
  return storageOf(dtype) === 'int8'
    ? quantMin === -128 && quantMax === 127
    : quantMin === 0 && quantMax === 255
}

function clipped(e: Emitter, q: string, { dtype, quantMin, quantMax }: QuantizeAttributes): string {
  const bound = (value: number) => e.constant(fromValues(storageOf(dtype), [], [value]))
  return e.op('Clip', [q, bound(quantMin), bound(quantMax)])
}

/** Integers of up to eight bits are carried in eight. */
function storageOf(dtype: DType): 'int8' | 'uint8' {
  return dtypeInfo(dtype).kind === 'uint' ? 'uint8' : 'int8'
}
