import type { Emitter } from '../../ir/emitter.ts'
import type { MilArguments, MilEmitter } from '../../ir/mil-emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt, inputAt } from '../inference.ts'
import { checkDivision, type Qualified, spread } from './division.ts'
import { integerRange, quantizedStorage, roundedClip } from './integer-range.ts'

/** `axis` is null for one scale for the tensor; `outputDtype` may be below eight bits, which are carried in eight. */
export type CoreAIQuantizeAttributes = {
  readonly outputDtype: DType
  readonly axis: number | null
}

/** Dtypes that are null follow from the inputs. */
export type CoreAIDequantizeAttributes = {
  readonly inputDtype: DType | null
  readonly outputDtype: DType | null
  readonly axis: number | null
}

const QUANTIZE = 'coreai.quantize'
const DEQUANTIZE = 'coreai.dequantize'

/**
 * Core AI's quantization of an activation: clip(round(x / scale) + zeroPoint), clip(round((x - minval) / scale) + lowest), or for floats
 * cast(clip(x / scale)); clipped to all that `outputDtype` holds. Inputs: x, scale ([] or [channels]), zero point or null, minval or null.
 */
export const coreaiQuantize: Operation<CoreAIQuantizeAttributes> = defineOp({
  name: QUANTIZE,
  infer(inputs, { outputDtype, axis }) {
    const { shape } = floatingAt(QUANTIZE, inputs, 0)
    checkDivision(QUANTIZE, shape, floatingAt(QUANTIZE, inputs, 1).shape, { axis, blockSize: null })
    return [{ shape, dtype: quantizedStorage(outputDtype) }]
  },
  gradient: 'none',
  lower(e, node) {
    const { outputDtype } = node.attrs
    const [x = '', , zeroPoint = '', minval = ''] = e.inputs
    const at = (index: number) => spread(e, divided(node, node.attrs.axis), index)
    const values = minval === '' ? x : e.op('Sub', [x, at(3)])
    const ratio = e.op('Div', [values, at(1)])
    const { kind } = dtypeInfo(outputDtype)
    if (kind === 'float') {
      const bound = outputDtype === 'float8_e5m2' ? 57344 : 448
      return [e.op('Clip', [ratio, e.scalar(-bound), e.scalar(bound)])]
    }
    const shift =
      zeroPoint !== '' ? e.cast(at(2), 'float32') : e.scalar(minval === '' ? 0 : integerRange(outputDtype)[0])
    return [e.cast(roundedClip(e, ratio, shift, outputDtype), quantizedStorage(outputDtype))]
  },
  mil(e, { attrs: { outputDtype, axis } }) {
    if (outputDtype !== 'int8' && outputDtype !== 'uint8') return e.refuse('int8 or uint8', outputDtype)
    const args = { input: e.input(0), ...milQParams(e), axis }
    return [e.op('quantize', { ...args, output_dtype: outputDtype }, { dtype: outputDtype })]
  },
})

/**
 * Core AI's inverse of `coreaiQuantize`: (q - zeroPoint) * scale, (q - lowest) * scale + minval, or q * scale. Inputs: q, scale, zero point or null,
 * minval or null.
 */
export const coreaiDequantize: Operation<CoreAIDequantizeAttributes> = defineOp({
  name: DEQUANTIZE,
  infer(inputs, { outputDtype, axis }) {
    const { shape } = inputAt(DEQUANTIZE, inputs, 0)
    const scale = floatingAt(DEQUANTIZE, inputs, 1)
    checkDivision(DEQUANTIZE, shape, scale.shape, { axis, blockSize: null })
    return [{ shape, dtype: outputDtype ?? scale.dtype }]
  },
  gradient: 'none',
  lower: (e, node) => [
    dequantized(e, divided(node, node.attrs.axis), node.attrs.inputDtype ?? node.inputs[0]?.dtype ?? 'int8'),
  ],
  mil: (e, { attrs: { axis } }) => [e.op('dequantize', { input: e.input(0), ...milQParams(e), axis })],
})

/** Quantized values of a dtype as float32 values, of a node with inputs q, scale, zero point, minval. */
export function dequantized(e: Emitter, node: Qualified, dtype: DType): string {
  const [q = '', , zeroPoint = '', minval = ''] = e.inputs
  const values = e.cast(q, 'float32')
  const lowest = minval === '' || dtypeInfo(dtype).kind === 'float' ? 0 : integerRange(dtype)[0]
  const shift = zeroPoint === '' ? e.scalar(lowest) : e.cast(spread(e, node, 2), 'float32')
  const isShifted = zeroPoint !== '' || lowest !== 0
  const scaled = e.op('Mul', [isShifted ? e.op('Sub', [values, shift]) : values, spread(e, node, 1)])
  return minval === '' ? scaled : e.op('Add', [scaled, spread(e, node, 3)])
}

function divided({ op, inputs }: Pick<Node, 'op' | 'inputs'>, axis: number | null): Qualified {
  return { op, inputs, attrs: { axis, blockSize: null } }
}

/** Scale and zero point as arguments of MIL, which has no minval. */
function milQParams(e: MilEmitter): MilArguments {
  const [scale, zeroPoint, minval] = [e.input(1), e.inputs[2], e.inputs[3]]
  if (minval) return e.refuse('a zero point', 'a minval')
  const dtype = zeroPoint?.dtype ?? 'int8'
  if (dtype !== 'int8' && dtype !== 'uint8') return e.refuse('a zero point of int8 or uint8', dtype)
  return { scale, zero_point: zeroPoint }
}
