import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { type DType, isFloating } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { commonDType, inferBinary, milOperands, operands, type ScalarOperand } from './binary.ts'

/** `a == b`, broadcasting. NaN equals nothing. */
export const eq: Operation<ScalarOperand> = comparison('aten.eq', 'equal', (e, pair) => e.op('Equal', pair))

/** `a != b`, broadcasting. */
export const ne: Operation<ScalarOperand> = comparison('aten.ne', 'not_equal', (e, pair) =>
  e.op('Not', [e.op('Equal', pair)]),
)

/** `a < b`, broadcasting. */
export const lt: Operation<ScalarOperand> = comparison('aten.lt', 'less', (e, pair) => e.op('Less', pair))

/** `a <= b`, broadcasting. */
export const le: Operation<ScalarOperand> = comparison('aten.le', 'less_equal', (e, pair) =>
  e.op('LessOrEqual', pair),
)

/** `a > b`, broadcasting. */
export const gt: Operation<ScalarOperand> = comparison('aten.gt', 'greater', (e, pair) =>
  e.op('Greater', pair),
)

/** `a >= b`, broadcasting. */
export const ge: Operation<ScalarOperand> = comparison('aten.ge', 'greater_equal', (e, pair) =>
  e.op('GreaterOrEqual', pair),
)

function comparison(
  name: string,
  mil: string,
  lower: (e: Emitter, pair: readonly [string, string]) => string,
): Operation<ScalarOperand> {
  return defineOp({
    name,
    infer: (inputs, attrs) => [{ ...inferBinary(name, inputs, attrs), dtype: 'bool' }],
    gradient: 'none',
    lower: (e, node) => [lower(e, operands(e, node, comparableDType(node)))],
    mil: (e, node) => [e.op(mil, milOperands(e, node, comparableDType(node)))],
  })
}

/** Dtype in which the engine compares: it orders float32, int64 and int32. */
function comparableDType(node: Node<ScalarOperand>): DType {
  const dtype = commonDType(node)
  return isFloating(dtype) || dtype === 'int64' ? dtype : 'int32'
}
