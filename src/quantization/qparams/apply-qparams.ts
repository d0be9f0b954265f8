import { record, recordAll, type Tensor } from '../../engine/tensor.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import { fakeQuantize } from '../../ops/quantization/fake-quantize.ts'
import { rangeToQParams, symmetricZeroPoint } from '../../ops/quantization/range-to-qparams.ts'
import type { DType } from '../../tensor/dtype.ts'
import { isQuantizedFloat, type QuantizedFloat } from '../spec/dtypes.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import type { QParams } from './qparams.ts'
import type { TensorRange } from './range-calculator.ts'

/** Exponent of the largest power of two that each float dtype holds. */
const TARGET_EXPONENTS: Readonly<Record<QuantizedFloat, number>> = {
  float4_e2m1fn_x2: 2,
  float8_e4m3fn: 8,
  float8_e5m2: 15,
}

/** Scale, zero point and minval of ranges. @param dtype dtype of the scale and of minval */
export function qparamsFor({ min, max }: TensorRange, spec: FullSpec, dtype: DType = 'float32'): QParams {
  const isFloat = isQuantizedFloat(spec.dtype)
  const [scale = min, zeroPoint = null, minval = null] = recordAll(rangeToQParams, [min, max], {
    quantMin: spec.quantMin,
    quantMax: spec.quantMax,
    symmetric: spec.qscheme !== 'asymmetric',
    targetExponent:
      spec.scaleDtype !== null && isQuantizedFloat(spec.dtype) ? TARGET_EXPONENTS[spec.dtype] : null,
    dtype,
  })
  return isFloat ? { scale, zeroPoint: null, minval: null } : { scale, zeroPoint, minval }
}

/** Quantizes and dequantizes a tensor by qparams, as a spec says. */
export function quantizeBy(x: Tensor, blocks: Blocks, qparams: QParams, spec: FullSpec): Tensor {
  const { scale, zeroPoint, minval } = qparams
  const { dtype, quantMin, quantMax, qformulation, qscheme } = spec
  const usesMinval = qformulation === 'minval' && minval !== null
  const isShifted = qscheme === 'asymmetric' && !usesMinval
  const inputs = [x, scale, isShifted ? zeroPoint : null, usesMinval ? minval : null]
  return record(fakeQuantize, inputs, {
    dtype,
    quantMin,
    quantMax,
    blocks,
    zeroPoint: isShifted ? null : symmetricZeroPoint(quantMin, quantMax),
  })
}
