import type { Tensor } from '../../engine/tensor.ts'
import { Module } from '../../nn/module.ts'
import { Buffer } from '../../nn/parameter.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { isQuantizedFloat } from '../spec/dtypes.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import { qparamsFor } from './apply-qparams.ts'
import { type AxisScale, qparamsOfArray } from './array-qparams.ts'
import { empty, keep } from './kept-buffer.ts'
import type { QParams } from './qparams.ts'
import type { RangeCalculator, TensorRange } from './range-calculator.ts'
import { rangeCalculators } from './range-calculators.ts'

/**
 * Turns the ranges of the tensors that it observes into scales, zero points and minvals, and keeps them. A call observes one tensor. Subclasses say what
 * they remember of earlier ranges (`accumulate`), or how a range becomes a scale (`qparamsOf`); the formulas are those of `QuantizationScheme`. Scales in e8m0
 * are 2^(floor(log2(max(-min, max))) - e), where e is the exponent of the largest power of two that the dtype holds (OCP Microscaling Formats, 6.3).
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
    this.range_calculator = new Range(spec, target)
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

  /** What it keeps, in a fixed order. */
  get state(): readonly Buffer[] {
    return [this.scale, this.zero_point, this.minval].filter((buffer) => buffer !== null)
  }

  /** What was observed last; without elements before the first observation. */
  get qparams(): QParams {
    return { scale: this.scale, zeroPoint: this.zero_point, minval: this.minval }
  }

  /** What a call records depends on, beside its inputs and the content of its state; undefined where that cannot be told. Default: undefined. */
  recordingKey(): readonly unknown[] | undefined {
    return undefined
  }

  override forward(x: Tensor, blocks: Blocks): QParams {
    const [min, max] = this.spec.floatRange
    if (this.isInitialized && min !== null && max !== null) return this.qparams
    const observed = this.range_calculator(x, blocks)
    const range = this.isInitialized ? alignRange(observed, this.scale) : observed
    this.store(this.qparamsOf(this.accumulate(range)))
    return this.qparams
  }

  /** Whether a tensor can be observed on the host, provided that all its values are finite. */
  canObserveOnHost(_x: Tensor): boolean {
    return false
  }

  /**
   * Observes a tensor that is on the host, or its product with a scale, without a run, where that gives what a call gives.
   * @returns false where only a call can, and nothing was done
   */
  observeOnHost(_x: Tensor, _blocks: Blocks, _scale?: AxisScale): boolean {
    return false
  }

  /** Refuses what the calculator cannot be used for. @throws ConfigError */
  protected checkTarget(_target: QuantizationTarget): void {}

  /** The range that counts, given that of the newest tensor. */
  protected accumulate(range: TensorRange): TensorRange {
    return range
  }

  /** Scale, zero point and minval of a range. */
  protected qparamsOf(range: TensorRange, dtype: DType = 'float32'): QParams {
    return qparamsFor(range, this.spec, dtype)
  }

  /** Stores the qparams of a tensor on the host, where that gives what a call stores. @returns false where it does not, and nothing was done */
  protected storeOnHost(array: HostArray, blocks: Blocks, scale?: AxisScale): boolean {
    const qparams = qparamsOfArray(array, blocks, this.spec, scale)
    if (qparams === undefined) return false
    this.scale = new Buffer(qparams.scale)
    this.zero_point = qparams.zeroPoint && new Buffer(qparams.zeroPoint)
    this.minval = qparams.minval && new Buffer(qparams.minval)
    return true
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
