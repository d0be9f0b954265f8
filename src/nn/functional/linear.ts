import { record, type Tensor } from '../../engine/tensor.ts'
import { linear as linearOp } from '../../ops/matrix/linear.ts'

/** `x @ weight.T + bias` for x [..., I], weight [O, I] and bias [O]. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return record(linearOp, [x, weight, bias], {})
}
