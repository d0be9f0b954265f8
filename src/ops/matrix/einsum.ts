import { type Dim, type Dims, dimsEqual, sameDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { expand } from '../reduction/sum.ts'
import { reshaped, reshapeNode } from '../shape/reshape.ts'
import { asProduct, type EinsumEquation, parseEinsum } from './einsum-equation.ts'
import { type Factor, productNode } from './product.ts'

const OP = 'aten.einsum'

/**
 * Sums of products of elements: `bhqd,bhkd->bhqk`, with `...` for further dimensions that broadcast. An equation that is a product of
 * batches of matrices is written as one.
 */
export const einsum: Operation<{ readonly equation: string }> = defineOp({
  name: OP,
  infer(inputs, { equation }) {
    const types = inputs.map((_, i) => floatingAt(OP, inputs, i))
    const parsed = parseEinsum(equation, types.map(rankOf))
    const sizes = sizesOf(parsed.operands, types)
    const shape = [...parsed.output].map((letter) => sizes.get(letter) ?? 1)
    return [{ shape, dtype: types[0]?.dtype ?? 'float32' }]
  },
  gradient({ inputs, gradients: [g], attrs: { equation }, needs }) {
    const values = inputs.filter((input) => input !== null)
    if (!g) return values.map(() => null)
    const parsed = parseEinsum(equation, values.map(rankOf))
    return values.map((_, i) => (needs(i) ? operandGradient(parsed, values, i, g) : null))
  },
  lower(e, { inputs, attrs: { equation } }) {
    const types = inputs.filter((input) => input !== null)
    const parsed = parseEinsum(equation, types.map(rankOf))
    const sizes = sizesOf(parsed.operands, types)
    const factors = parsed.operands.map((letters, i) =>
      factorOf(e, letters, types[i]?.shape ?? [], e.inputs[i] ?? '', sizes),
    )
    const operands = factors.map(({ letters }) => letters)
    const [first, second] = factors
    const product = asProduct({ operands, output: parsed.output })
    if (first === undefined || second === undefined || product === undefined) {
      return [
        e.op(
          'Einsum',
          factors.map(({ name }) => name),
          { equation: `${operands.join()}->${parsed.output}` },
        ),
      ]
    }
    return [
      product.isSwapped ? productNode(e, second, first, product) : productNode(e, first, second, product),
    ]
  },
  mil(e, { inputs, attrs: { equation } }) {
    const parsed = parseEinsum(equation, inputs.filter((input) => input !== null).map(rankOf))
    const product = asProduct(parsed)
    if (product === undefined) return e.refuse('an equation of a product of matrices', `"${equation}"`)
    const [x, y] = product.isSwapped ? [e.input(1), e.input(0)] : [e.input(0), e.input(1)]
    return [e.op('matmul', { x, y, transpose_x: product.transposeA, transpose_y: product.transposeB })]
  },
})

/** An operand without its dimensions of size 1 that broadcast: ONNX Runtime takes the first size of a letter for its size. */
function factorOf(
  e: Emitter,
  letters: string,
  shape: Dims,
  name: string,
  sizes: ReadonlyMap<string, Dim>,
): Factor & { readonly letters: string } {
  const isKept = (axis: number) => shape[axis] !== 1 || sizes.get(letters[axis] ?? '') === 1
  const kept = shape.filter((_, axis) => isKept(axis))
  return {
    name: reshapeNode(e, name, shape, kept),
    shape: kept,
    letters: [...letters].filter((_, axis) => isKept(axis)).join(''),
  }
}

/** The other operands times the output's gradient, summed to the letters of the operand, and repeated along letters that only it has. */
function operandGradient(
  { operands, output }: EinsumEquation,
  values: readonly Value[],
  at: number,
  g: Value,
): Value {
  const own = operands[at] ?? ''
  const x = values[at] ?? g
  if (new Set(own).size < own.length) {
    throw new RangeError(
      `Cannot differentiate "${OP}": expected each letter once in an operand, got "${own}"`,
    )
  }
  const terms = [output, ...operands.toSpliced(at, 1)]
  const factors = [g, ...values.toSpliced(at, 1)]
  const sizes = sizesOf(terms, factors)
  const isKept = (letter: string, i: number) =>
    sizes.has(letter) && (x.shape[i] !== 1 || sizes.get(letter) === 1)
  const kept = [...own].filter(isKept).join('')
  const product = emit(einsum, factors, { equation: `${terms.join()}->${kept}` })
  const raised = reshaped(
    product,
    [...own].map((letter, i) => (isKept(letter, i) ? (sizes.get(letter) ?? 1) : 1)),
  )
  return sameDims(raised.shape, x.shape) ? raised : emit(expand, [raised], { size: x.shape })
}

/** @throws ShapeError where a letter stands for different sizes */
function sizesOf(operands: readonly string[], types: readonly TensorType[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>()
  operands.forEach((letters, i) => {
    const shape: Dims = types[i]?.shape ?? []
    for (const [axis, letter] of [...letters].entries()) {
      const size = shape[axis] ?? 1
      const known = sizes.get(letter) ?? 1
      if (known === 1) sizes.set(letter, size)
      else if (size !== 1 && !dimsEqual(size, known)) throw mismatch(letter, types)
    }
  })
  return sizes
}

function mismatch(letter: string, types: readonly TensorType[]): ShapeError {
  return new ShapeError(
    `Cannot record "${OP}": expected one size for "${letter}", got ${types.map(formatType).join(', ')}`,
  )
}

function rankOf({ shape }: TensorType): number {
  return shape.length
}
