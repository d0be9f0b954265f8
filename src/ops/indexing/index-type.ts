import { formatType } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { inputAt } from '../inference.ts'

/**
 * The `index`-th input, which has to hold positions.
 * @throws TypeError for another dtype than int64 and int32
 */
export function positionsAt(op: string, inputs: readonly (TensorType | null)[], index: number): TensorType {
  const type = inputAt(op, inputs, index)
  if (type.dtype === 'int64' || type.dtype === 'int32') return type
  throw new TypeError(`Cannot record "${op}": expected positions in int64 or int32, got ${formatType(type)}`)
}
