import type { BlockwiseShiftScaleAttributes } from '../../../ops/quantization/coreai-weight.ts'
import { castArray } from '../../../tensor/cast-array.ts'
import type { DType } from '../../../tensor/dtype.ts'
import { fromValues } from '../../../tensor/from-values.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { bitsOf, isQuantizedFloat } from '../../spec/dtypes.ts'
import type { DerivedSpecFields, SpecFields } from '../../spec/spec-fields.ts'
import { dequantizeArray, quantizeArray } from '../../weights/quantize-array.ts'
import type { StoredQParams } from './host-qparams.ts'

type FullSpec = SpecFields & DerivedSpecFields

/** Core ML's number for quantization among the ways to compress a weight. */
const QUANTIZATION = 3

/** A weight as Core AI's decompression takes it. */
export interface CoreAIWeightData {
  /** Integers below eight bits are carried in eight. */
  readonly data: HostArray
  readonly scale: HostArray
  readonly zeroPoint: HostArray | null
  readonly minval: HostArray | null
  readonly attributes: BlockwiseShiftScaleAttributes
}

/** Quantizes a weight for Core AI. */
export function coreaiWeightData(
  weight: HostArray,
  { scale, zeroPoint, minval }: StoredQParams,
  spec: FullSpec,
): CoreAIWeightData {
  const quantized = quantizeArray(weight, { scale, zeroPoint, minval }, spec)
  const isPowerOfTwo = spec.scaleDtype !== null
  return {
    data: spec.dtype === 'float4_e2m1fn_x2' ? castArray(quantized, spec.dtype) : quantized,
    scale: isPowerOfTwo ? castArray(scale, 'float8_e8m0fnu') : scale,
    zeroPoint: zeroPoint && castArray(zeroPoint, spec.targetDtype),
    minval,
    attributes: {
      inputDtype: isQuantizedFloat(spec.dtype) ? null : (spec.dtype as DType),
      outputDtype: isPowerOfTwo ? weight.dtype : null,
    },
  }
}

/** The values that a quantized weight stands for, in its own dtype. */
export function quantizedValues(weight: HostArray, qparams: StoredQParams, spec: FullSpec): HostArray {
  return castArray(dequantizeArray(quantizeArray(weight, qparams, spec), qparams, spec), weight.dtype)
}

/** How a weight is quantized, as coremltools reads it: buffers `_COREML_/<name>/<key>` of the module that owns it. */
export function coremlMetadata(
  { scale, zeroPoint }: StoredQParams,
  spec: FullSpec,
): [key: string, HostArray][] {
  return [
    ['compression_type', fromValues('int64', [1], [QUANTIZATION])],
    ['quantization_n_bits', fromValues('int64', [], [bitsOf(spec.dtype)])],
    ['quantization_scale', scale],
    ...(zeroPoint ? [['zero_point', castArray(zeroPoint, spec.targetDtype)] as [string, HostArray]] : []),
  ]
}

/** Name and content of the buffer of the model itself that says that there is such metadata. */
export const COREML_VERSION: readonly [name: string, HostArray] = [
  '_COREML_/metadata_version',
  fromValues('int64', [], [1]),
]
