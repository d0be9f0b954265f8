import { type Dims, sizeOfDims } from '../../ir/dim.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineOp } from '../define-op.ts'
import { inferNumeric } from '../elementwise/unary.ts'
import { normalizeDim } from '../inference.ts'
import { reducedDims } from './sum.ts'

/** The dimension that is searched; null searches all of them, flattened. */
type ArgAttributes = { readonly dim: number | null; readonly keepdim: boolean }

/** Place of the largest value along a dimension, as int64: the first of equal ones. */
export const argmax: Operation<ArgAttributes> = place('aten.argmax', 'ArgMax')

/** Place of the smallest value along a dimension, as int64: the first of equal ones. */
export const argmin: Operation<ArgAttributes> = place('aten.argmin', 'ArgMin')

function place(name: string, onnx: string): Operation<ArgAttributes> {
  return defineOp({
    name,
    infer(inputs, attrs) {
      const { shape } = inferNumeric(name, inputs)
      return [{ shape: placeDims(name, shape, attrs), dtype: 'int64' }]
    },
    gradient: 'none',
    lower(e, { inputs: [x], outputs: [y], attrs: { dim, keepdim } }) {
      const [source = ''] = e.inputs
      const shape = x?.shape ?? []
      if (dim !== null && shape.length > 0) {
        return [
          e.op(onnx, [source], { axis: normalizeDim(name, dim, shape.length), keepdims: keepdim ? 1 : 0 }),
        ]
      }
      const flat = e.op('Reshape', [source, e.shape([sizeOfDims(shape)])])
      const found = e.op(onnx, [flat], { axis: 0, keepdims: 0 })
      return [y && y.shape.length > 0 ? e.op('Reshape', [found, e.shape(y.shape)]) : found]
    },
    mil(e, { outputs: [y], attrs: { dim, keepdim } }) {
      const x = e.input(0)
      const type = onnx === 'ArgMax' ? 'reduce_argmax' : 'reduce_argmin'
      if (dim !== null && x.shape.length > 0)
        return [e.op(type, { x, axis: normalizeDim(name, dim, x.shape.length), keep_dims: keepdim })]
      const flat = e.reshape(x, [sizeOfDims(x.shape)])
      return [e.reshape(e.op(type, { x: flat, axis: 0, keep_dims: false }, { shape: [] }), y?.shape ?? [])]
    },
  })
}

function placeDims(op: string, shape: Dims, { dim, keepdim }: ArgAttributes): Dims {
  if (dim !== null) normalizeDim(op, dim, shape.length)
  return reducedDims(op, shape, { dim: dim === null || shape.length === 0 ? null : [dim], keepdim })
}
