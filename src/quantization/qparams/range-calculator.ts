import type { Tensor } from '../../engine/tensor.ts'
import { Module } from '../../nn/module.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FullSpec } from '../spec/spec-fields.ts'

/** Bounds of the values in each block; both have one entry for each block, along as many dimensions as the tensor has. */
export interface TensorRange {
  readonly min: Tensor
  readonly max: Tensor
}

/**
 * Finds the range of the values in each block of a tensor. Subclasses write `forward` with tensor operations, so that it runs where the model
 * runs; what they keep between calls are buffers. The range has to contain 0 and heed the bounds of `spec.floatRange`.
 */
export abstract class RangeCalculator extends Module<[Tensor, Blocks], TensorRange> {
  readonly spec: FullSpec
  /** What the tensors are. */
  readonly target: QuantizationTarget

  constructor(spec: FullSpec, target: QuantizationTarget) {
    super()
    this.spec = spec
    this.target = target
    for (const name of ['spec', 'target']) Object.defineProperty(this, name, { enumerable: false })
  }
}

/** A class of range calculators. */
export interface RangeCalculatorClass {
  new (spec: FullSpec, target: QuantizationTarget): RangeCalculator
  /** Whether its ranges of activations take in all tensors so far, so that no average is to be taken of them. Default: false. */
  readonly accumulates?: boolean
}
