import { Node, type Value } from '../../../ir/node.ts'
import { gelu } from '../../../ops/activation/gelu.ts'
import { maker, operandBeside, pairs, type Replacement } from './rewriter.ts'

/** `x * 0.5 * (1 + s)`, whichever is multiplied first, where `s` is `erf(x / sqrt(2))` or the tangent that comes close to it. */
export function recogniseGelu(node: Node): Replacement {
  const found = halvedProduct(node) ?? productOfHalf(node)
  if (found === undefined) return undefined
  const [x, share] = found
  const inner = operandBeside(share, 'add', 1)
  const approximate = isErf(x, inner)
    ? ('none' as const)
    : isTangent(x, inner)
      ? ('tanh' as const)
      : undefined
  return approximate && [new Node(gelu, [x], { approximate }, node.scope)]
}

/** The factors of `a * b * 0.5` of which the second may be the share of the first. */
function halvedProduct(node: Node): [Value, Value] | undefined {
  const product = maker(operandBeside(node.outputs[0], 'mul', 0.5), 'mul')
  return product && pairs(product).find(([, share]) => operandBeside(share, 'add', 1) !== undefined)
}

/** The same of `(a * 0.5) * b` and `a * (b * 0.5)`. */
function productOfHalf(node: Node): [Value, Value] | undefined {
  if (node.op.name !== 'aten.mul') return undefined
  for (const [half, other] of pairs(node)) {
    const whole = operandBeside(half, 'mul', 0.5)
    if (whole === undefined) continue
    if (operandBeside(other, 'add', 1) !== undefined) return [whole, other]
    if (operandBeside(whole, 'add', 1) !== undefined) return [other, whole]
  }
  return undefined
}

/** Whether a value is `erf(x / sqrt(2))`. */
function isErf(x: Value, value: Value | undefined): boolean {
  const inner = maker(value, 'erf')?.inputs[0]
  return (operandBeside(inner, 'div', Math.SQRT2) ?? operandBeside(inner, 'mul', Math.SQRT1_2)) === x
}

/** Whether a value is `tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))`, also with an `x` taken out of the brackets. */
function isTangent(x: Value, value: Value | undefined): boolean {
  const scaled = maker(value, 'tanh')?.inputs[0]
  const sum = operandBeside(scaled, 'mul', Math.sqrt(2 / Math.PI))
  const added = maker(sum, 'add')
  if (
    added !== undefined &&
    pairs(added).some(([a, b]) => a === x && isCube(x, operandBeside(b, 'mul', CUBIC)))
  )
    return true
  const product = maker(sum, 'mul') ?? maker(scaled, 'mul')
  return (
    product !== undefined &&
    pairs(product).some(([a, b]) => {
      const factor =
        product === maker(sum, 'mul') ? a === x : operandBeside(a, 'mul', Math.sqrt(2 / Math.PI)) === x
      return factor && isSquare(x, operandBeside(operandBeside(b, 'add', 1), 'mul', CUBIC))
    })
  )
}

const CUBIC = 0.044715

function isCube(x: Value, value: Value | undefined): boolean {
  if (operandBeside(value, 'pow', 3) === x) return true
  const product = maker(value, 'mul')
  return product !== undefined && pairs(product).some(([a, b]) => a === x && isSquare(x, b))
}

function isSquare(x: Value, value: Value | undefined): boolean {
  if (operandBeside(value, 'pow', 2) === x) return true
  const product = maker(value, 'mul')
  return product?.inputs[0] === x && product.inputs[1] === x
}
