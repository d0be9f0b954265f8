import type { Node, Value } from '../../../ir/node.ts'
import { Buffer } from '../../../nn/parameter.ts'
import { to } from '../../../ops/elementwise/to.ts'
import { dequantize, quantize } from '../../../ops/quantization/quantize.ts'
import { type DType, dtypeInfo } from '../../../tensor/dtype.ts'
import { fromTypedArray } from '../../../tensor/from-typed-array.ts'
import { fromValues } from '../../../tensor/from-values.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { sizeOf } from '../../../tensor/shape.ts'
import { toTypedArray } from '../../../tensor/to-typed-array.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { ExportError } from '../../export-error.ts'
import type { FakeQuantize } from '../../fake-quantize/fake-quantize.ts'
import { isQuantizedFloat, type QuantizedDType } from '../../spec/dtypes.ts'
import { quantizeArray } from '../../weights/quantize-array.ts'
import { outputOf } from '../graph-view.ts'
import type { GraphDraft } from './graph-draft.ts'
import {
  type LinearDivision,
  linearDivision,
  type StoredQParams,
  storedQParams,
  widened,
} from './host-qparams.ts'
import { type JudgedTensor, quantizedTensors, type Refusal, refuseUnsupported } from './refusals.ts'

/** Element types of weights. */
const WEIGHT_DTYPES = {
  int8: 'int8',
  uint8: 'uint8',
  int4: 'int4',
  uint4: 'uint4',
  int2: 'int2',
  uint2: 'uint2',
  float8_e4m3fn: 'float8_e4m3fn',
  float8_e5m2: 'float8_e5m2',
} as const satisfies Partial<Record<QuantizedDType, QuantizedDType>>

type WeightDType = keyof typeof WEIGHT_DTYPES

/** @throws ExportError with every tensor that ONNX cannot express */
export function checkOnnxForm(draft: GraphDraft): void {
  refuseUnsupported(draft, ExportBackend.ONNX, refusalOf)
}

/** Replaces fake quantizers: weights become quantized data and a dequantize, other values pass through a quantize and a dequantize. */
export async function quantizeForOnnx(draft: GraphDraft): Promise<void> {
  for (const { node, fakeQuantize, isState } of quantizedTensors(draft)) {
    draft.signal?.throwIfAborted()
    const [source] = node.inputs
    if (!source) continue
    const qparams = await storedQParams(fakeQuantize)
    const state = isState ? draft.state(source) : undefined
    const value =
      state === undefined
        ? quantizeActivation(draft, node, source, fakeQuantize, qparams)
        : quantizeWeight(
            draft,
            node,
            await state.tensor.array(),
            state.name.replaceAll('.', '_'),
            fakeQuantize,
            qparams,
          )
    draft.replace(outputOf(node), inDType(draft, node, value, source.dtype))
  }
}

/** What is dequantized to float32 in the dtype of the value that was quantized. */
function inDType(draft: GraphDraft, node: Node, value: Value, dtype: DType): Value {
  return value.dtype === dtype ? value : draft.insertBefore(node, to, [value], { dtype })
}

function refusalOf({ fakeQuantize: { spec, granularity }, isState }: JudgedTensor): Refusal | undefined {
  if (spec.dtype === 'float4_e2m1fn_x2')
    return {
      problem: 'the dtype float4_e2m1fn_x2, for which ONNX Runtime has no kernels',
      instead: 'float8_e4m3fn or int4',
    }
  return !isState && granularity.type === 'per_block'
    ? { problem: 'blocks of an activation', instead: 'per_tensor or per_channel' }
    : undefined
}

function quantizeWeight(
  draft: GraphDraft,
  node: Node,
  weight: HostArray,
  name: string,
  { spec }: FakeQuantize,
  qparams: StoredQParams,
): Value {
  const dtype = weightDType(spec.dtype)
  const quantized = quantizeArray(weight, qparams, spec)
  const data = isQuantizedFloat(spec.dtype)
    ? quantized
    : fromTypedArray(toTypedArray(quantized), weight.shape, dtype)
  const division = linearDivision(weight.shape, qparams.scale.shape)
  const q = draft.addState(`${name}_quantized`, new Buffer(data))
  const { axis, blockSize } = division
  const inputs =
    division.blockSize !== null && hasImpliedZeros(dtype, qparams)
      ? [q, draft.addState(`${name}_scale`, new Buffer(widened(qparams.scale, division)))]
      : [q, ...addQParams(draft, name, dtype, spec.quantMin, qparams, division)]
  return draft.insertBefore(node, dequantize, inputs, { axis, blockSize })
}

function quantizeActivation(
  draft: GraphDraft,
  node: Node,
  source: Value,
  { spec }: FakeQuantize,
  qparams: StoredQParams,
): Value {
  const division = linearDivision(source.shape, qparams.scale.shape)
  const { axis, blockSize } = division
  const { quantMin, quantMax } = spec
  const dtype = isQuantizedFloat(spec.dtype)
    ? weightDType(spec.dtype)
    : spec.targetDtype === 'uint8'
      ? 'uint8'
      : 'int8'
  const shared = addQParams(draft, node.name, dtype, quantMin, qparams, division)
  const q = draft.insertBefore(node, quantize, [source, ...shared], {
    axis,
    blockSize,
    dtype,
    quantMin,
    quantMax,
  })
  return draft.insertBefore(node, dequantize, [q, ...shared], { axis, blockSize })
}

/** Integers with a sign have the zero point 0 where none is given; to write those of blocks of 32 would take a fortieth of the file. */
function hasImpliedZeros(dtype: DType, { zeroPoint }: StoredQParams): boolean {
  const isSigned = dtypeInfo(dtype).kind === 'int'
  return isSigned && zeroPoint !== null && toTypedArray(zeroPoint).every((point) => Number(point) === 0)
}

/** Adds scale, zero point and minval as states, and returns what stands for them, null for what there is not. */
function addQParams(
  draft: GraphDraft,
  name: string,
  dtype: QuantizedDType,
  quantMin: number,
  { scale, zeroPoint, minval }: StoredQParams,
  division: LinearDivision,
): (Value | null)[] {
  const add = (suffix: string, array: HostArray) => draft.addState(`${name}_${suffix}`, new Buffer(array))
  const wideScale = widened(scale, division)
  const values = [add('scale', wideScale)]
  if (isQuantizedFloat(dtype)) return values
  const offsets =
    zeroPoint === null
      ? new Array<number>(sizeOf(wideScale.shape)).fill(quantMin)
      : Array.from(toTypedArray(widened(zeroPoint, division)), Number)
  values.push(add('zero_point', fromValues(dtype, wideScale.shape, offsets)))
  return minval === null ? values : [...values, add('minval', widened(minval, division))]
}

function weightDType(dtype: QuantizedDType): (typeof WEIGHT_DTYPES)[WeightDType] {
  if (dtype in WEIGHT_DTYPES) return WEIGHT_DTYPES[dtype as WeightDType]
  throw new ExportError(
    `Cannot finalize for "onnx": expected a dtype that ONNX Runtime runs, got ${dtype}`,
    [],
  )
}
