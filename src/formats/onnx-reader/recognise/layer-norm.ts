import { Node, type Value } from '../../../ir/node.ts'
import { layerNorm } from '../../../ops/normalization/layer-norm.ts'
import { rmsNorm } from '../../../ops/normalization/rms-norm.ts'
import { maker, operandBeside, pairs, type Replacement } from './rewriter.ts'

/** A normalization without its weight and bias: what is normalized, and what is added to the variance. */
interface Normalized {
  readonly x: Value
  readonly eps: number
}

/** `(x - mean) / sqrt(mean((x - mean)^2) + eps) * weight + bias` over the last dimension. */
export function recogniseLayerNorm(node: Node): Replacement {
  if (node.op.name !== 'aten.add' || node.attrs.alpha !== 1) return undefined
  for (const [product, bias] of pairs(node)) {
    const scaled = maker(product, 'mul')
    for (const [quotient, weight] of scaled === undefined ? [] : pairs(scaled)) {
      const found = centered(quotient)
      const width = found?.x.shape.at(-1)
      if (
        found === undefined ||
        typeof width !== 'number' ||
        !isVector(weight, width) ||
        !isVector(bias, width)
      )
        continue
      return [
        new Node(
          layerNorm,
          [found.x, weight, bias],
          { normalizedShape: [width], eps: found.eps },
          node.scope,
        ),
      ]
    }
  }
  return undefined
}

/** `x / sqrt(mean(x^2) + eps) * weight` over the last dimension, also with a reciprocal in between. */
export function recogniseRmsNorm(node: Node): Replacement {
  if (node.op.name !== 'aten.mul') return undefined
  for (const [quotient, weight] of pairs(node)) {
    const found = overRoot(quotient, (x) => x)
    const width = found?.x.shape.at(-1)
    if (found === undefined || typeof width !== 'number' || !isVector(weight, width) || weight.node !== null)
      continue
    return [new Node(rmsNorm, [found.x, weight], { normalizedShape: [width], eps: found.eps }, node.scope)]
  }
  return undefined
}

function isVector({ shape }: Value, width: number): boolean {
  return shape.length === 1 && shape[0] === width
}

function centered(quotient: Value): Normalized | undefined {
  return overRoot(quotient, (difference) => {
    const node = maker(difference, 'sub')
    const [x, mean] = node?.inputs ?? []
    return x && node?.attrs.alpha === 1 && meanOf(mean) === x ? x : undefined
  })
}

/** `d / sqrt(mean(d^2) + eps)`, where `sourceOf` tells what `d` is made of. */
function overRoot(quotient: Value, sourceOf: (d: Value) => Value | undefined): Normalized | undefined {
  for (const [d, root] of quotientsOf(quotient)) {
    const shifted = maker(maker(root, 'sqrt')?.inputs[0], 'add')
    const eps = shifted?.attrs.other
    const square = meanOf(shifted?.inputs[0])
    const base = operandBeside(square, 'pow', 2) ?? squared(square)
    const x = base === d ? sourceOf(d) : undefined
    if (x !== undefined && typeof eps === 'number') return { x, eps }
  }
  return undefined
}

/** Dividend and divisor of `a / b`, or of `a * (1 / b)`. */
function quotientsOf(quotient: Value): [Value, Value | null | undefined][] {
  const division = maker(quotient, 'div')
  const [a, b] = division?.inputs ?? []
  if (a && b) return [[a, b]]
  const product = maker(quotient, 'mul')
  return product === undefined
    ? []
    : pairs(product).map(([x, inverse]) => [x, maker(inverse, 'reciprocal')?.inputs[0]])
}

function squared(value: Value | undefined): Value | undefined {
  const [a, b] = maker(value, 'mul')?.inputs ?? []
  return a && a === b ? a : undefined
}

/** What the mean over the last dimension is taken of. */
function meanOf(value: Value | null | undefined): Value | undefined {
  const node = maker(value, 'mean')
  const [x] = node?.inputs ?? []
  const dim = node?.attrs.dim
  const isLast =
    x && Array.isArray(dim) && dim.length === 1 && (dim[0] === x.shape.length - 1 || dim[0] === -1)
  return isLast && node?.attrs.keepdim === true ? x : undefined
}
