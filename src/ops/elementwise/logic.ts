import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { inputAt } from '../inference.ts'
import { inferBinary } from './binary.ts'

/** Whether both are true, broadcasting; a number is true when it is not 0. */
export const logicalAnd: Operation<NoAttributes> = connective('aten.logical_and', 'And', 'logical_and')

/** Whether one or both are true, broadcasting; a number is true when it is not 0. */
export const logicalOr: Operation<NoAttributes> = connective('aten.logical_or', 'Or', 'logical_or')

/** Whether an element is false or 0. */
export const logicalNot: Operation<NoAttributes> = defineOp({
  name: 'aten.logical_not',
  infer: (inputs) => [{ ...inputAt('aten.logical_not', inputs, 0), dtype: 'bool' }],
  gradient: 'none',
  lower: (e, node) => [e.op('Not', truths(e, node))],
  mil: (e) => [e.op('logical_not', { x: e.cast(e.input(0), 'bool') })],
})

function connective(name: string, onnx: string, mil: string): Operation<NoAttributes> {
  return defineOp({
    name,
    infer: (inputs) => [{ ...inferBinary(name, inputs, {}), dtype: 'bool' }],
    gradient: 'none',
    lower: (e, node) => [e.op(onnx, truths(e, node))],
    mil: (e) => [e.op(mil, { x: e.cast(e.input(0), 'bool'), y: e.cast(e.input(1), 'bool') })],
  })
}

function truths(e: Emitter, { inputs }: Node): string[] {
  return inputs.map((input, i) => {
    const name = e.inputs[i] ?? ''
    return input && input.dtype !== 'bool' ? e.cast(name, 'bool') : name
  })
}
