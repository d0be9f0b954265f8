import { type Dim, type Dims, mulDims } from '../../ir/dim.ts'
import type { Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { expanded } from '../expressions.ts'
import { normalizeDim, valueAt } from '../inference.ts'
import { reshaped } from './reshape.ts'

/** The tensor that many times along each dimension; further dimensions come in front. */
export const repeat: Operation<{ readonly repeats: Dims }> = defineComposite({
  name: 'aten.repeat',
  compose(inputs, { repeats }) {
    const x = valueAt('aten.repeat', inputs, 0)
    if (repeats.length < x.shape.length) {
      throw new RangeError(
        `Cannot record "aten.repeat": expected at least ${x.shape.length} repeats, got [${repeats.join(', ')}]`,
      )
    }
    return [repeated(x, repeats)]
  },
})

/** The same; dimensions without a number are not repeated. */
export const tile: Operation<{ readonly dims: Dims }> = defineComposite({
  name: 'aten.tile',
  compose(inputs, { dims }) {
    const x = valueAt('aten.tile', inputs, 0)
    const missing = Math.max(0, x.shape.length - dims.length)
    return [repeated(x, [...new Array<Dim>(missing).fill(1), ...dims])]
  },
})

/** Each element that many times in a row, along a dimension, or of all flattened for null. */
export const repeatInterleave: Operation<{ readonly repeats: Dim; readonly dim: number | null }> =
  defineComposite({
    name: 'aten.repeat_interleave',
    compose(inputs, { repeats, dim }) {
      const x = valueAt('aten.repeat_interleave', inputs, 0)
      return [interleaved(dim === null ? reshaped(x, [x.shape.reduce(mulDims, 1)]) : x, repeats, dim ?? 0)]
    },
  })

/** Each element of a dimension `count` times in a row. */
export function interleaved(x: Value, count: Dim, dim: number): Value {
  const axis = normalizeDim('aten.repeat_interleave', dim, x.shape.length)
  const [before, after] = [x.shape.slice(0, axis + 1), x.shape.slice(axis + 1)]
  const apart = expanded(reshaped(x, [...before, 1, ...after]), [...before, count, ...after])
  return reshaped(apart, x.shape.with(axis, mulDims(x.shape[axis] ?? 1, count)))
}

function repeated(x: Value, repeats: Dims): Value {
  const shape = [...new Array<Dim>(repeats.length - x.shape.length).fill(1), ...x.shape]
  const single = shape.flatMap((size) => [1, size])
  const apart = expanded(
    reshaped(x, single),
    shape.flatMap((size, i) => [repeats[i] ?? 1, size]),
  )
  return reshaped(
    apart,
    shape.map((size, i) => mulDims(size, repeats[i] ?? 1)),
  )
}
