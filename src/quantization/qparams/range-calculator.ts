import type { Tensor } from '../../engine/tensor.ts'
import { Module } from '../../nn/module.ts'
import type { Blocks } from '../../ops/quantization/blocks.ts'
import type { SpecFields } from '../spec/spec-fields.ts'

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
  readonly spec: SpecFields

  constructor(spec: SpecFields) {
    super()
    this.spec = spec
    Object.defineProperty(this, 'spec', { enumerable: false })
  }
}

/** A class of range calculators. */
export type RangeCalculatorClass = new (spec: SpecFields) => RangeCalculator
