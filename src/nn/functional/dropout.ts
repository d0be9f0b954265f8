import { record, type Tensor } from '../../engine/tensor.ts'
import { dropout as dropoutOp } from '../../ops/activation/dropout.ts'
import { randomSeed } from '../random-seed.ts'

/** How elements are dropped. */
export interface DropoutOptions {
  /** Probability of being dropped; default 0.5. */
  readonly p?: number
  /** Whether anything is dropped; default true. */
  readonly training?: boolean
}

/** In training: zeroes elements at random and divides the others by `1 - p`. */
export function dropout(x: Tensor, { p = 0.5, training = true }: DropoutOptions = {}): Tensor {
  return record(dropoutOp, training ? [x, randomSeed()] : [x], { p, train: training })
}
