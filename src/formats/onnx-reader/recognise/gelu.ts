import { Node, type Value } from '../../../ir/node.ts'
import { gelu } from '../../../ops/activation/gelu.ts'
import { maker, operandBeside, pairs, type Replacement } from './rewriter.ts'

/** `x * 0.5 * (1 + erf(x / sqrt(2)))`, whichever is multiplied first. */
export function recogniseGelu(node: Node): Replacement {
  const x = halvedProduct(node) ?? productOfHalf(node)
  return x && [new Node(gelu, [x], { approximate: 'none' }, node.scope)]
}

function halvedProduct(node: Node): Value | undefined {
  const whole = operandBeside(node.outputs[0], 'mul', 0.5)
  const product = maker(whole, 'mul')
  return product && pairs(product).find(([x, share]) => isShareOf(x, share))?.[0]
}

function productOfHalf(node: Node): Value | undefined {
  if (node.op.name !== 'aten.mul') return undefined
  for (const [half, share] of pairs(node)) {
    const x = operandBeside(half, 'mul', 0.5)
    if (x !== undefined && isShareOf(x, share)) return x
  }
  return undefined
}

/** Whether a value is `1 + erf(x / sqrt(2))`. */
function isShareOf(x: Value, share: Value): boolean {
  const erf = maker(operandBeside(share, 'add', 1), 'erf')
  const inner = erf?.inputs[0]
  return (operandBeside(inner, 'div', Math.SQRT2) ?? operandBeside(inner, 'mul', Math.SQRT1_2)) === x
}
