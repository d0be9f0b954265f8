import { type Dims, dimsEqual, mulDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { broadcastDims, floatingAt } from '../inference.ts'
import { sumTo } from '../reduction/sum.ts'
import { reshaped } from '../shape/reshape.ts'

/** Which operands are transposed, in their last two dimensions, before they are multiplied. */
export type ProductAttributes = { readonly transposeA: boolean; readonly transposeB: boolean }

/** Product of two matrices or of two batches of matrices that broadcast. Gradients of products are made of it, so that nothing is transposed in memory. */
export const product: Operation<ProductAttributes> = defineOp({
  name: 'lowbit.matmul',
  infer(inputs, { transposeA, transposeB }) {
    const [a, b] = matricesAt('lowbit.matmul', inputs)
    const [rows, inner] = lastTwo(a.shape, transposeA)
    const [depth, columns] = lastTwo(b.shape, transposeB)
    if (!dimsEqual(inner, depth)) throw innerMismatch('lowbit.matmul', a, b)
    const batch = broadcastDims('lowbit.matmul', a.shape.slice(0, -2), b.shape.slice(0, -2))
    return [{ shape: [...batch, rows, columns], dtype: a.dtype }]
  },
  gradient({ inputs: [a, b], gradients: [g], attrs, needs }) {
    if (!a || !b || !g) return [null, null]
    return [
      needs(0) ? gradientOfFirst(a, b, g, attrs) : null,
      needs(1) ? gradientOfSecond(a, b, g, attrs) : null,
    ]
  },
  lower(e, { inputs: [a, b], attrs }) {
    const [first = '', second = ''] = e.inputs
    return [
      productNode(e, { name: first, shape: a?.shape ?? [] }, { name: second, shape: b?.shape ?? [] }, attrs),
    ]
  },
  mil: (e, { attrs: { transposeA, transposeB } }) => [
    e.op('matmul', { x: e.input(0), y: e.input(1), transpose_x: transposeA, transpose_y: transposeB }),
  ],
})

/** Gradient of a product's first operand, which has to be at least a matrix. */
export function gradientOfFirst(
  a: Value,
  b: Value,
  g: Value,
  { transposeA, transposeB }: ProductAttributes,
): Value {
  const found = transposeA
    ? emit(product, [b, g], { transposeA: transposeB, transposeB: true })
    : emit(product, [g, b], { transposeA: false, transposeB: !transposeB })
  return sumTo(found, a.shape)
}

/** Gradient of a product's second operand, which has to be at least a matrix. For one matrix under a batch it is one long product. */
export function gradientOfSecond(
  a: Value,
  b: Value,
  g: Value,
  { transposeA, transposeB }: ProductAttributes,
): Value {
  const isFlat = b.shape.length === 2 && a.shape.length > 2 && !transposeA
  const [x, y] = isFlat ? [rowsOf(a), rowsOf(g)] : [a, g]
  const found = transposeB
    ? emit(product, [y, x], { transposeA: true, transposeB: transposeA })
    : emit(product, [x, y], { transposeA: !transposeA, transposeB: false })
  return sumTo(found, b.shape)
}

/** All dimensions but the last merged into one: the rows of a value. */
function rowsOf(value: Value): Value {
  const { shape } = value
  return reshaped(value, [shape.slice(0, -1).reduce(mulDims, 1), shape.at(-1) ?? 1])
}

/** An operand of a product that is to be written. */
export interface Factor {
  readonly name: string
  readonly shape: Dims
}

/**
 * Writes `alpha` times the product of two operands that are at least matrices: a Gemm where both are, else a MatMul, transposing as part
 * of it where the engine can.
 */
export function productNode(
  e: Emitter,
  a: Factor,
  b: Factor,
  { transposeA, transposeB }: ProductAttributes,
  alpha = 1,
): string {
  const transA = Number(transposeA)
  const transB = Number(transposeB)
  const names = [a.name, b.name]
  const scale = alpha === 1 ? {} : { alpha: { float: alpha } }
  if (a.shape.length === 2 && b.shape.length === 2) return e.op('Gemm', names, { transA, transB, ...scale })
  const isPlain = !transposeA && !transposeB && alpha === 1
  if (e.has('fusedMatMul') && !isPlain) {
    return e.op('FusedMatMul', names, { transA, transB, ...scale }, 'com.microsoft')
  }
  const found = e.op('MatMul', [transposed(e, a, transposeA), transposed(e, b, transposeB)])
  return alpha === 1 ? found : e.op('Mul', [found, e.scalar(alpha)])
}

/**
 * The two operands of a product.
 * @throws TypeError when they have different dtypes or integers
 * @throws ShapeError when one is no matrix
 */
function matricesAt(op: string, inputs: readonly (TensorType | null)[]): [TensorType, TensorType] {
  const [a, b] = operandsAt(op, inputs)
  const [low] = [a, b].filter(({ shape }) => shape.length < 2)
  if (low === undefined) return [a, b]
  throw new ShapeError(`Cannot record "${op}": expected at least two dimensions, got ${formatType(low)}`)
}

/**
 * The two operands of a product of vectors, matrices or batches.
 * @throws TypeError when they have different dtypes or integers
 * @throws ShapeError when one is a scalar
 */
export function operandsAt(
  op: string,
  inputs: readonly (TensorType | null)[],
  first = 0,
): [TensorType, TensorType] {
  const a = floatingAt(op, inputs, first)
  const b = floatingAt(op, inputs, first + 1)
  if (a.dtype !== b.dtype) {
    throw new TypeError(
      `Cannot record "${op}": expected operands of one dtype, got ${formatType(a)} and ${formatType(b)}`,
    )
  }
  if (a.shape.length > 0 && b.shape.length > 0) return [a, b]
  throw new ShapeError(`Cannot record "${op}": expected at least one dimension, got a scalar`)
}

/** The complaint about inner sizes that differ. */
export function innerMismatch(op: string, a: TensorType, b: TensorType): ShapeError {
  return new ShapeError(
    `Cannot record "${op}": expected inner sizes that are equal, got ${formatType(a)} and ${formatType(b)}`,
  )
}

function lastTwo(shape: Dims, swapped: boolean): [Dims[number], Dims[number]] {
  const [rows = 1, columns = 1] = shape.slice(-2)
  return swapped ? [columns, rows] : [rows, columns]
}

function transposed(e: Emitter, { name, shape }: Factor, isWanted: boolean): string {
  if (!isWanted) return name
  const perm = Array.from(shape, (_, i) => i)
  return e.op('Transpose', [name], { perm: [...perm.slice(0, -2), shape.length - 1, shape.length - 2] })
}
