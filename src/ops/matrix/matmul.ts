import { type Dims, dimsEqual } from '../../ir/dim.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { broadcastDims, rankedAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { gradientOfFirst, gradientOfSecond, innerMismatch, operandsAt } from './product.ts'

const PLAIN = { transposeA: false, transposeB: false }

/** Product of vectors, matrices or batches of matrices, broadcasting: a vector is a row on the left and a column on the right. */
export const matmul: Operation<NoAttributes> = defineOp({
  name: 'aten.matmul',
  infer(inputs) {
    const [a, b] = operandsAt('aten.matmul', inputs)
    const x = asRow(a.shape)
    const y = asColumn(b.shape)
    if (!dimsEqual(x.at(-1) ?? 1, y.at(-2) ?? 1)) throw innerMismatch('aten.matmul', a, b)
    const batch = broadcastDims('aten.matmul', x.slice(0, -2), y.slice(0, -2))
    const rows = a.shape.length > 1 ? x.slice(-2, -1) : []
    const columns = b.shape.length > 1 ? y.slice(-1) : []
    return [{ shape: [...batch, ...rows, ...columns], dtype: a.dtype }]
  },
  gradient({ inputs: [a, b], gradients: [g], needs }) {
    if (!a || !b || !g) return [null, null]
    const x = reshaped(a, asRow(a.shape))
    const y = reshaped(b, asColumn(b.shape))
    const z = reshaped(g, productShape(a, b, g))
    return [
      needs(0) ? reshaped(gradientOfFirst(x, y, z, PLAIN), a.shape) : null,
      needs(1) ? reshaped(gradientOfSecond(x, y, z, PLAIN), b.shape) : null,
    ]
  },
  lower: (e) => [e.op('MatMul', [e.inputs[0] ?? '', e.inputs[1] ?? ''])],
  mil: (e, { outputs: [y] }) => [milProduct(e, y?.shape ?? [])],
})

/** Products of the matrices of two batches of the same size. */
export const bmm: Operation<NoAttributes> = defineOp({
  name: 'aten.bmm',
  infer(inputs) {
    rankedAt('aten.bmm', inputs, 0, 3)
    rankedAt('aten.bmm', inputs, 1, 3)
    const [a, b] = operandsAt('aten.bmm', inputs)
    const [batch = 1, rows = 1, inner = 1] = a.shape
    const [sameBatch = 1, depth = 1, columns = 1] = b.shape
    if (!dimsEqual(inner, depth)) throw innerMismatch('aten.bmm', a, b)
    if (!dimsEqual(batch, sameBatch)) {
      throw new ShapeError(
        `Cannot record "aten.bmm": expected batches of one size, got ${batch} and ${sameBatch}`,
      )
    }
    return [{ shape: [batch, rows, columns], dtype: a.dtype }]
  },
  gradient({ inputs: [a, b], gradients: [g], needs }) {
    if (!a || !b || !g) return [null, null]
    return [
      needs(0) ? gradientOfFirst(a, b, g, PLAIN) : null,
      needs(1) ? gradientOfSecond(a, b, g, PLAIN) : null,
    ]
  },
  lower: (e) => [e.op('MatMul', [e.inputs[0] ?? '', e.inputs[1] ?? ''])],
  mil: (e, { outputs: [y] }) => [milProduct(e, y?.shape ?? [])],
})

/** Writes the product of the first two inputs; vectors are matrices for it. */
function milProduct(e: MilEmitter, shape: Dims): MilValue {
  const [a, b] = [e.input(0), e.input(1)]
  const x = e.reshape(a, asRow(a.shape))
  const y = e.reshape(b, asColumn(b.shape))
  const batch = shape.slice(0, shape.length - Number(a.shape.length > 1) - Number(b.shape.length > 1))
  const whole = [...batch, ...x.shape.slice(-2, -1), ...y.shape.slice(-1)]
  return e.reshape(e.op('matmul', { x, y, transpose_x: false, transpose_y: false }, { shape: whole }), shape)
}

function asRow(shape: Dims): Dims {
  return shape.length === 1 ? [1, ...shape] : shape
}

function asColumn(shape: Dims): Dims {
  return shape.length === 1 ? [...shape, 1] : shape
}

/** Shape of the product once vectors are matrices. */
function productShape(a: Value, b: Value, { shape }: Value): Dims {
  if (a.shape.length > 1 && b.shape.length > 1) return shape
  if (a.shape.length > 1) return [...shape, 1]
  if (b.shape.length > 1) return [...shape.slice(0, -1), 1, ...shape.slice(-1)]
  return [1, 1]
}
