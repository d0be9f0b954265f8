import { storageOf } from '../../engine/placement.ts'
import { recordAll, type Tensor } from '../../engine/tensor.ts'
import { Buffer } from '../../nn/parameter.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import { runningRange } from '../../ops/quantization/running-range.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { unexpected } from '../config-error.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import { type AxisScale, rangeOfArray } from './array-qparams.ts'
import { empty, keep } from './kept-buffer.ts'
import { MinMaxRange } from './minmax-range.ts'
import type { QParams } from './qparams.ts'
import { QParamsCalculator, type QParamsCalculatorClass } from './qparams-calculator.ts'
import type { TensorRange } from './range-calculator.ts'

/** Scales of the newest tensor: for what does not change between calls, as weights, or changes as a whole. */
export class StaticCalculator extends QParamsCalculator {
  override recordingKey(): readonly unknown[] | undefined {
    return this.constructor === StaticCalculator ? keyOf(this) : undefined
  }

  override canObserveOnHost(x: Tensor): boolean {
    return plainArray(this, StaticCalculator, x) !== undefined
  }

  override observeOnHost(x: Tensor, blocks: Blocks, scale?: AxisScale): boolean {
    const array = plainArray(this, StaticCalculator, x)
    return array !== undefined && this.storeOnHost(array, blocks, scale)
  }
}

/** Scales of a range that is kept between calls. */
abstract class RunningCalculator extends QParamsCalculator {
  /** Lower bounds of the running range. */
  running_min: Buffer = empty('float32')
  /** Upper bounds of the running range. */
  running_max: Buffer = empty('float32')

  /** Weight of the newest range in a moving average; null keeps the extremes. */
  protected abstract readonly average: number | null

  protected override accumulate(range: TensorRange): TensorRange {
    const next = this.isInitialized ? this.#blend(range) : range
    this.running_min = keep(this.running_min, next.min)
    this.running_max = keep(this.running_max, next.max)
    return { min: this.running_min, max: this.running_max }
  }

  override get state(): readonly Buffer[] {
    return [...super.state, this.running_min, this.running_max]
  }

  #blend({ min, max }: TensorRange): TensorRange {
    const { running_min: runningMin, running_max: runningMax, average } = this
    const [low = min, high = max] = recordAll(runningRange, [min, max, runningMin, runningMax], { average })
    return { min: low, max: high }
  }
}

/**
 * Scales of a moving average of the ranges: running = averagingConstant * newest + (1 - averagingConstant) * running, starting with the first range. The
 * products and the sum are rounded to the tensor's dtype one by one.
 *
 * Source: Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018, section 3.1.
 */
export class MovingAverageCalculator extends RunningCalculator {
  override recordingKey(): readonly unknown[] | undefined {
    return this.constructor === MovingAverageCalculator ? keyOf(this) : undefined
  }

  protected override get average(): number {
    return this.spec.averagingConstant
  }
}

/** Scales of the smallest range that holds all tensors so far: running minimum = min(running, newest), running maximum = max(running, newest). */
export class GlobalMinMaxCalculator extends RunningCalculator {
  override recordingKey(): readonly unknown[] | undefined {
    return this.constructor === GlobalMinMaxCalculator ? keyOf(this) : undefined
  }

  override canObserveOnHost(x: Tensor): boolean {
    return plainArray(this, GlobalMinMaxCalculator, x) !== undefined
  }

  override observeOnHost(x: Tensor, blocks: Blocks, scale?: AxisScale): boolean {
    const array = plainArray(this, GlobalMinMaxCalculator, x)
    const range = array && rangeOfArray(array, blocks, this.spec, scale)
    if (!array || !range || !this.storeOnHost(array, blocks, scale)) return false
    this.running_min = new Buffer(range.min)
    this.running_max = new Buffer(range.max)
    return true
  }

  protected override get average(): null {
    return null
  }
}

/** Scales of each tensor for itself, computed at every call and not kept: for activations only. */
export class DynamicCalculator extends QParamsCalculator {
  #hasObserved = false

  override get isInitialized(): boolean {
    return this.#hasObserved
  }

  override get isStateless(): boolean {
    return true
  }

  override *members(): ReturnType<QParamsCalculator['members']> {
    yield ['range_calculator', this.range_calculator]
  }

  protected override checkTarget(target: QuantizationTarget): void {
    if (target === 'weight')
      throw unexpected(
        'qparam_calculator_cls',
        'a calculator for weights',
        'dynamic',
        'dynamic is for activations only',
      )
    const { floatRange } = this.spec
    if (floatRange.some((bound) => bound !== null))
      throw unexpected('float_range', '[null, null] for the dynamic calculator', floatRange)
  }

  override forward(x: Tensor, blocks: Blocks): QParams {
    const { spec } = this
    this.#hasObserved = true
    return this.qparamsOf(this.range_calculator(x, blocks), spec.scaleDtype === null ? x.dtype : 'float32')
  }
}

/** The state of a calculator whose ranges are those of the tensor alone. */
function keyOf({
  range_calculator: { constructor: Range },
  state,
}: QParamsCalculator): readonly unknown[] | undefined {
  return Range === MinMaxRange ? state : undefined
}

/** What a calculator of just this class that has observed nothing, takes the bounds as they are and keeps plain scales can observe on the host. */
function plainArray(
  calculator: QParamsCalculator,
  Calculator: QParamsCalculatorClass,
  x: Tensor,
): HostArray | undefined {
  const { range_calculator, isInitialized, spec } = calculator
  if (calculator.constructor !== Calculator || range_calculator.constructor !== MinMaxRange) return undefined
  if (isInitialized || spec.scaleDtype !== null) return undefined
  const array = storageOf(x.value)?.host
  return array?.dtype === 'float32' && sizeOf(x.shape) > 0 ? array : undefined
}
