import { Node, type Value } from '../../../ir/node.ts'
import { hardsigmoid } from '../../../ops/activation/hardsigmoid.ts'
import { hardswish } from '../../../ops/activation/hardswish.ts'
import { mish } from '../../../ops/activation/mish.ts'
import { silu } from '../../../ops/activation/silu.ts'
import { maker, operandBeside, pairs, type Replacement } from './rewriter.ts'

/** `x * sigmoid(x)` is SiLU, `x * hardsigmoid(x)` hardswish, `x * tanh(softplus(x))` Mish. */
export function recogniseGate(node: Node): Replacement {
  if (node.op.name !== 'aten.mul') return undefined
  for (const [x, gate] of pairs(node)) {
    if (maker(gate, 'sigmoid')?.inputs[0] === x) return [new Node(silu, [x], {}, node.scope)]
    if (maker(gate, 'hardsigmoid')?.inputs[0] === x) return [new Node(hardswish, [x], {}, node.scope)]
    const inner = maker(maker(gate, 'tanh')?.inputs[0], 'softplus')
    if (inner?.inputs[0] === x) return [new Node(mish, [x], {}, node.scope)]
  }
  return undefined
}

/** `relu6(x + 3) / 6` is hardsigmoid, and `x * relu6(x + 3) / 6` hardswish. */
export function recogniseHardGate(node: Node): Replacement {
  const [result] = node.outputs
  const sixth = operandBeside(result, 'div', 6) ?? operandBeside(result, 'mul', 1 / 6)
  const x = shiftedRelu6(sixth)
  if (x !== undefined) return [new Node(hardsigmoid, [x], {}, node.scope)]
  const product = maker(sixth, 'mul')
  const found = product && pairs(product).find(([a, b]) => shiftedRelu6(b) === a)
  return found && [new Node(hardswish, [found[0]], {}, node.scope)]
}

/** The `x` of `relu6(x + 3)`. */
function shiftedRelu6(value: Value | undefined): Value | undefined {
  return operandBeside(maker(value, 'relu6')?.inputs[0], 'add', 3)
}
