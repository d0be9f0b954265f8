import { generator } from '../engine/generator.ts'
import { fromHost, type Tensor } from '../engine/tensor.ts'
import { fromValues } from '../tensor/from-values.ts'

/** A new seed for an operation that draws random numbers, from the generator that `manualSeed` seeds. It is fed at every step: no session depends on it. */
export function randomSeed(): Tensor {
  return fromHost(fromValues('int64', [], generator().integers(0, 2 ** 31 - 1, 1)))
}
