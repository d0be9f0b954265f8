import { recordAll, type Tensor } from '../../engine/tensor.ts'
import { Module } from '../../nn/module.ts'
import { Buffer } from '../../nn/parameter.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import { rangeToQParams } from '../../ops/quantization/range-to-qparams.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { isQuantizedFloat, type QuantizedFloat } from '../spec/dtypes.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { DerivedSpecFields, SpecFields } from '../spec/spec-fields.ts'
import type { QParams } from './qparams.ts'
import type { RangeCalculator, TensorRange } from './range-calculator.ts'
import { rangeCalculators } from './range-calculators.ts'

/** A spec with what follows from its fields. */
export type FullSpec = SpecFields & DerivedSpecFields

/** Exponent of the largest power of two that each float dtype holds. */
const TARGET_EXPONENTS: Readonly<Record<QuantizedFloat, number>> = {
  float4_e2m1fn_x2: 2,
  float8_e4m3fn: 8,
  float8_e5m2: 15,
}

/**
 * Turns the ranges of the tensors that it observes into scales, zero points and minvals, and keeps them. A call observes one tensor. Subclasses say what
 * they remember of earlier ranges (`accumulate`), or how a range becomes a scale (`qparamsOf`).
 */
export abstract class QParamsCalculator extends Module<[Tensor, Blocks], QParams> {
  readonly spec: FullSpec
  readonly range_calculator: RangeCalculator
  /** Scales that were observed last, float32; without elements before. */
  scale: Buffer = empty('float32')
  /** Zero points that were observed last. */
  zero_point: Buffer | null
  /** Minvals that were observed last. */
  minval: Buffer | null

  constructor(spec: FullSpec, target: QuantizationTarget) {
    super()
    this.spec = spec
    Object.defineProperty(this, 'spec', { enumerable: false })
    const Range = rangeCalculators.get(spec.rangeCalculator)
    this.range_calculator = new Range(spec)
    const isFloat = isQuantizedFloat(spec.dtype)
    this.zero_point = isFloat ? null : empty('int32')
    this.minval = isFloat ? null : empty('float32')
    this.checkTarget(target)
  }

  /** Whether it keeps nothing between calls, so that every call computes anew. */
  get isStateless(): boolean {
    return false
  }

  /** Whether a tensor has been observed. */
  get isInitialized(): boolean {
    return sizeOf(this.scale.shape) > 0
  }

  /** What was observed last; without elements before the first observation. */
  get qparams(): QParams {
    return { scale: this.scale, zeroPoint: this.zero_point, minval: this.minval }
  }

  override forward(x: Tensor, blocks: Blocks): QParams {
    const [min, max] = this.spec.floatRange
    if (this.isInitialized && min !== null && max !== null) return this.qparams
    const observed = this.range_calculator(x, blocks)
    const range = this.isInitialized ? alignRange(observed, this.scale) : observed
    this.store(this.qparamsOf(this.accumulate(range)))
    return this.qparams
  }

  /** Refuses what the calculator cannot be used for. @throws ConfigError */
  protected checkTarget(_target: QuantizationTarget): void {}

  /** The range that counts, given that of the newest tensor. */
  protected accumulate(range: TensorRange): TensorRange {
    return range
  }

  /** Scale, zero point and minval of a range. */
  protected qparamsOf({ min, max }: TensorRange, dtype: DType = 'float32'): QParams {
    const { spec } = this
    const [scale = min, zeroPoint = null, minval = null] = recordAll(rangeToQParams, [min, max], {
      quantMin: spec.quantMin,
      quantMax: spec.quantMax,
      symmetric: spec.qscheme !== 'asymmetric',
      targetExponent:
        spec.scaleDtype !== null && isQuantizedFloat(spec.dtype) ? TARGET_EXPONENTS[spec.dtype] : null,
      dtype,
    })
    return isQuantizedFloat(spec.dtype)
      ? { scale, zeroPoint: null, minval: null }
      : { scale, zeroPoint, minval }
  }

  private store({ scale, zeroPoint, minval }: QParams): void {
    // Zero points of the symmetric schemes never change.
    const isSettled = this.isInitialized && this.spec.qscheme !== 'asymmetric'
    this.scale = keep(this.scale, scale)
    if (this.zero_point !== null && zeroPoint !== null && !isSettled)
      this.zero_point = keep(this.zero_point, zeroPoint)
    if (this.minval !== null && minval !== null) this.minval = keep(this.minval, minval)
  }
}

/** A class of calculators. */
export type QParamsCalculatorClass = new (spec: FullSpec, target: QuantizationTarget) => QParamsCalculator

/** A buffer without elements: nothing has been observed. */
export function empty(dtype: DType): Buffer {
  return new Buffer(fromValues(dtype, [0], []))
}

/** The buffer with new content; another buffer where the old one had another type, as the empty one has. */
export function keep(buffer: Buffer, content: Tensor): Buffer {
  const same = buffer.dtype === content.dtype && buffer.shape.join() === content.shape.join()
  const target = same
    ? buffer
    : new Buffer(
        fromValues(
          content.dtype,
          content.shape,
          Array.from({ length: sizeOf(content.shape) }, () => 0),
        ),
      )
  target.assign(content)
  return target
}

/** A range in the shape of the stored scales: one number of a tensor with fewer dimensions is the same number. @throws ShapeError for another shape */
function alignRange(range: TensorRange, { shape }: Tensor): TensorRange {
  const { min, max } = range
  if (shape.join() === min.shape.join()) return range
  if (sizeOf(shape) === 1 && sizeOf(min.shape) === 1 && min.shape.length < shape.length) {
    return { min: min.reshape(shape), max: max.reshape(shape) }
  }
  throw new ShapeError(
    `Cannot observe a tensor: expected one with scales of shape [${shape.join(', ')}], got one with [${min.shape.join(', ')}]`,
  )
}
