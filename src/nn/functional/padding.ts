import { record, type Tensor } from '../../engine/tensor.ts'
import { pad as padOp } from '../../ops/shape/pad.ts'

/** What stands around a padded tensor. */
export interface PadOptions {
  /** A constant, what is mirrored at the edges, the edges, or the other end. Default: constant. */
  readonly mode?: 'constant' | 'reflect' | 'replicate' | 'circular'
  /** The constant. Default: 0. */
  readonly value?: number
}

/**
 * Widens the last dimensions of a tensor: `amounts` has two numbers for each, before and after, the last dimension first; negative ones crop.
 * @throws ShapeError for an odd number of amounts, or more than there are dimensions
 * @example
 * await F.pad(tensor([1, 2]), [0, 1]).data() // => Float32Array.of(1, 2, 0)
 */
export function pad(
  x: Tensor,
  amounts: readonly number[],
  { mode = 'constant', value = 0 }: PadOptions = {},
): Tensor {
  return record(padOp, [x], { pad: amounts, mode, value })
}
