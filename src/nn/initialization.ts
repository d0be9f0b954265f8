import { generator } from '../engine/generator.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { type Shape, sizeOf } from '../tensor/shape.ts'

/** Evenly distributed values in [-bound, bound), from the generator that `manualSeed` seeds. */
export function uniformValues(shape: Shape, bound: number): HostArray {
  return fromTypedArray(generator().uniform(shape, -bound, bound), shape)
}

/** Values of a normal distribution, from the generator that `manualSeed` seeds. */
export function normalValues(shape: Shape, mean = 0, std = 1): HostArray {
  return fromTypedArray(generator().normal(shape, mean, std), shape)
}

/** One value everywhere. */
export function constantValues(shape: Shape, value: number): HostArray {
  return fromTypedArray(new Float32Array(sizeOf(shape)).fill(value), shape)
}

/**
 * Bound of PyTorch's default initialization of weights and biases of layers, Kaiming's uniform with a = sqrt(5): 1 / sqrt(fan in), where the
 * fan in of a weight [O, I, ...] is the number of its elements for each output.
 */
export function fanInBound(weightShape: Shape): number {
  const fanIn = sizeOf(weightShape.slice(1))
  return fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0
}

/** Bound of Xavier's uniform initialization of a matrix. */
export function xavierBound(rows: number, columns: number): number {
  return Math.sqrt(6 / (rows + columns))
}
