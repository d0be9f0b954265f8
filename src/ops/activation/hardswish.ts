import type { Emitter } from '../../ir/emitter.ts'
import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { floatingAt } from '../inference.ts'

/** `x * hardsigmoid(x)`; the gradient is 0 at -3 and 1 at 3. */
export const hardswish: Operation<NoAttributes> = defineOp({
  name: 'aten.hardswish',
  infer: (inputs) => [floatingAt('aten.hardswish', inputs, 0)],
  gradient: ({ inputs: [x], gradients: [g] }) => [g && x ? emit(hardswishBackward, [g, x], {}) : null],
  // Not ONNX's HardSwish, which the engine takes apart into slower nodes.
  lower: (e) => [e.op('Mul', [e.inputs[0] ?? '', gate(e, e.inputs[0] ?? '')])],
  mil(e) {
    const x = e.input(0)
    const gate = e.op('sigmoid_hard', { x, alpha: { float: 1 / 6 }, beta: { float: 0.5 } })
    return [e.op('mul', { x: gate, y: x })]
  },
})

/** Gradient of hardswish, from its output's gradient and its input. */
export const hardswishBackward: Operation<NoAttributes> = defineOp({
  name: 'lowbit.hardswish_backward',
  infer: (inputs) => [floatingAt('lowbit.hardswish_backward', inputs, 0)],
  gradient: 'none',
  lower(e) {
    const [g = '', x = ''] = e.inputs
    const inside = e.cast(e.op('Less', [e.op('Abs', [x]), e.scalar(3)]), 'float32')
    const ramp = e.op('Mul', [e.op('Mul', [x, inside]), e.scalar(1 / 6)])
    return [e.op('Mul', [g, e.op('Add', [gate(e, x), ramp])])]
  },
})

function gate(e: Emitter, x: string): string {
  return e.op('HardSigmoid', [x], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } })
}
