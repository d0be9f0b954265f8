import { StateError } from '../../engine/state-error.ts'
import { Tensor } from '../../engine/tensor.ts'
import type { Dims } from '../../ir/dim.ts'
import { Module } from '../../nn/module.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { ExportError } from '../export-error.ts'
import { defaultLogger, type Logger } from '../logger.ts'
import { quantizeBy } from '../qparams/apply-qparams.ts'
import type { AxisScale } from '../qparams/array-qparams.ts'
import type { QParams } from '../qparams/qparams.ts'
import type { QParamsCalculator } from '../qparams/qparams-calculator.ts'
import { makeQParamsCalculator } from '../qparams/qparams-calculators.ts'
import { blocksOf } from '../qparams/tensor-blocks.ts'
import type { Granularity } from '../spec/granularity.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FullSpec } from '../spec/spec-fields.ts'
import { Flag } from './flag.ts'

/** How a fake quantizer is made. */
export interface FakeQuantizeOptions {
  /** Where warnings go. */
  readonly logger?: Logger
}

/**
 * Observes the tensors that pass and gives them the values that a quantized tensor can hold: y = (clamp(round(x / scale) + zeroPoint) - zeroPoint) * scale, with minval
 * y = (clamp(round((x - minval) / scale) + quantMin) - quantMin) * scale + minval, for floats y = cast(clamp(x / scale)) * scale. Gradients pass unchanged where a value was
 * inside of the range before clamping, and not elsewhere (the straight-through estimator of Bengio, Leonard and Courville, Estimating or Propagating Gradients Through
 * Stochastic Neurons, 2013).
 * Both parts can be switched off; the switches are known when a call is recorded, so that what is off costs nothing.
 */
export class FakeQuantize extends Module<[Tensor], Tensor> {
  readonly spec: FullSpec
  /** What it quantizes. */
  readonly target: QuantizationTarget
  /** State of the switches, as the state dict has them. */
  readonly observer_enabled: Flag = new Flag(true, 'uint8', [1])
  readonly fake_quant_enabled: Flag = new Flag(true, 'uint8', [1])
  readonly _disabled: Flag = new Flag(false, 'bool', [])
  /** Keeps the ranges and what follows from them. */
  readonly qparams_calculator: QParamsCalculator
  /** Whether tensors pass unchanged and unobserved for the time being, whatever the switches say. */
  isBypassed: boolean = false
  #granularity: Granularity
  #isExporting = false
  readonly #logger: Logger

  /** @throws ConfigError for a calculator that cannot be used for the target */
  constructor(
    spec: FullSpec,
    target: QuantizationTarget,
    { logger = defaultLogger }: FakeQuantizeOptions = {},
  ) {
    super()
    this.spec = spec
    this.target = target
    for (const name of ['spec', 'target', 'isBypassed'])
      Object.defineProperty(this, name, { enumerable: false })
    this.qparams_calculator = makeQParamsCalculator(spec, target)
    this.#granularity = spec.granularity
    this.#logger = logger
  }

  /** Whether the next tensors are observed. */
  get observerEnabled(): boolean {
    return this.observer_enabled.isOn
  }

  /** Whether the next tensors are quantized. */
  get fakeQuantEnabled(): boolean {
    return this.fake_quant_enabled.isOn
  }

  /** Whether it gave up, because a tensor did not divide into its blocks: tensors pass unchanged then, for good. */
  get isDisabled(): boolean {
    return this._disabled.isOn
  }

  /** Whether a tensor has been observed. */
  get isInitialized(): boolean {
    return this.qparams_calculator.isInitialized
  }

  /** Which elements share a scale. */
  get granularity(): Granularity {
    return this.#granularity
  }

  /**
   * What a call records depends on, beside the type of its input and the content of its state; undefined where that cannot be told: before the first observation,
   * for subclasses, for calculators that are not lowbit's own, and where a tensor may not divide into blocks.
   */
  recordingKey(): readonly unknown[] | undefined {
    if (this.constructor !== FakeQuantize) return undefined
    if (this.isDisabled || this.isBypassed) return ['disabled']
    const divides = this.target === 'weight' || this.#granularity.type !== 'per_block'
    if (!divides || !this.isInitialized) return undefined
    const calculator = this.qparams_calculator.recordingKey()
    if (calculator === undefined) return undefined
    return [this.observerEnabled, this.fakeQuantEnabled, this.#isExporting, this.#granularity, ...calculator]
  }

  /** Switches observing on or off. A calculator that keeps nothing observes always. */
  enableObserver(enabled: boolean = true): void {
    if (!this.qparams_calculator.isStateless) this.observer_enabled.isOn = enabled
  }

  /** Switches observing off. */
  disableObserver(): void {
    this.enableObserver(false)
  }

  /** Switches quantizing on or off. */
  enableFakeQuant(enabled: boolean = true): void {
    this.fake_quant_enabled.isOn = enabled
  }

  /** Switches quantizing off. */
  disableFakeQuant(): void {
    this.enableFakeQuant(false)
  }

  /** Keeps the stored qparams whatever is observed, as an export needs it. @throws ExportError for a calculator that keeps none */
  setExportMode(enabled: boolean): void {
    if (enabled && this.qparams_calculator.isStateless) {
      throw new ExportError(
        'Cannot export a fake quantizer: expected stored qparams, got a calculator that keeps none',
        [],
      )
    }
    this.#isExporting = enabled
  }

  /** Whether stored qparams are kept whatever is observed. */
  get isExporting(): boolean {
    return this.#isExporting
  }

  /** Replaces the granularity. @throws StateError after the first observation */
  setGranularity(granularity: Granularity): void {
    if (this.isInitialized) {
      throw new StateError(
        'Cannot set the granularity: expected a fake quantizer that has observed nothing, got one that has',
      )
    }
    this.#granularity = granularity
  }

  /**
   * The stored qparams; without elements, and with a warning, before the first observation.
   * @throws StateError for a calculator that keeps none
   */
  qparams(): QParams {
    const { qparams_calculator: calculator } = this
    if (calculator.isStateless)
      throw new StateError('Cannot get qparams: expected a calculator that keeps them, got a dynamic one')
    if (!calculator.isInitialized)
      this.#logger.warn('A fake quantizer was asked for qparams before it observed anything: they are empty')
    return calculator.qparams
  }

  /** Qparams of a tensor, as a call computes and stores them. @throws as a call does */
  observe(x: Tensor): QParams {
    const blocks = blocksOf(x.value.shape, this.#granularity, this.target)
    return this.#isExporting ? this.qparams_calculator.qparams : this.qparams_calculator(x, blocks)
  }

  /** Whether a weight can be observed on the host, provided that all its values are finite. */
  canObserveOnHost(x: Tensor): boolean {
    return this.constructor === FakeQuantize && this.qparams_calculator.canObserveOnHost(x)
  }

  /**
   * Observes a weight that is on the host, or its product with a scale, without a run.
   * @returns false where only a call can observe; nothing was done then
   */
  observeOnHost(x: Tensor, scale?: AxisScale): boolean {
    if (this.constructor !== FakeQuantize) return false
    const blocks = this.#tryBlocks(x.value.shape)
    return blocks === null || this.qparams_calculator.observeOnHost(x, blocks, scale)
  }

  /**
   * @throws TypeError for what is no tensor; StateError when it has to quantize and has observed nothing
   * @throws ShapeError for a tensor that does not divide into the blocks of the stored scales
   */
  override forward(x: Tensor): Tensor {
    if (!(x instanceof Tensor))
      throw new TypeError(`Cannot quantize a value: expected a tensor, got ${x === null ? 'null' : typeof x}`)
    if (this.isDisabled || this.isBypassed) return x
    const observed = this.observerEnabled ? this.#tryObserve(x) : this.#stored()
    if (observed === null || !this.fakeQuantEnabled) return x
    return this.quantize(x, blocksOf(x.value.shape, this.#granularity, this.target), observed)
  }

  #stored(): QParams {
    if (this.isInitialized || !this.fakeQuantEnabled) return this.qparams()
    throw new StateError(
      'Cannot quantize a tensor: expected a fake quantizer that has observed one, got one that has not',
    )
  }

  /** Quantizes and dequantizes a tensor; for subclasses with arithmetic of their own. */
  protected quantize(x: Tensor, blocks: Blocks, qparams: QParams): Tensor {
    return quantizeBy(x, blocks, qparams, this.spec)
  }

  #tryObserve(x: Tensor): QParams | null {
    return this.#tryBlocks(x.value.shape) === null ? null : this.observe(x)
  }

  /** Gives up, for good, on a tensor that does not divide into the blocks. */
  #tryBlocks(shape: Dims): Blocks | null {
    try {
      return blocksOf(shape, this.#granularity, this.target)
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error
      this.#logger.warn(`A fake quantizer switches itself off: ${error.message}`)
      this._disabled.isOn = true
      return null
    }
  }
}

/** A class of fake quantizers. */
export type FakeQuantizeClass = new (
  spec: FullSpec,
  target: QuantizationTarget,
  options?: FakeQuantizeOptions,
) => FakeQuantize
