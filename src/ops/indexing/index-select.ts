import { type Dim, formatDims, mulDims } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { defineOp, type NoAttributes } from '../define-op.ts'
import { clamp } from '../elementwise/clamp.ts'
import { eq } from '../elementwise/comparison.ts'
import { castTo, chosen, compared, countedAlong, expanded, minus } from '../expressions.ts'
import { inputAt, normalizeDim, valueAt } from '../inference.ts'
import { cumsum } from '../reduction/cumsum.ts'
import { reshaped } from '../shape/reshape.ts'
import { gather } from './gather.ts'
import { index as indexOp } from './index-op.ts'
import { positionsAt } from './index-type.ts'

/** The parts of a dimension that a vector of positions names. */
export const indexSelect: Operation<{ readonly dim: number }> = defineComposite({
  name: 'aten.index_select',
  compose(inputs, { dim }) {
    const x = valueAt('aten.index_select', inputs, 0)
    return [selected(x, valueAt('aten.index_select', inputs, 1), dim)]
  },
})

/** The parts of a dimension at positions. */
export function selected(x: Value, positions: Value, dim: number): Value {
  const axis = normalizeDim('aten.index_select', dim, x.shape.length)
  return emit(indexOp, [x, ...new Array<null>(axis).fill(null), positions], {})
}

/** The classes of integers below `numClasses` as vectors with a 1 in their place, int64. */
export const oneHot: Operation<{ readonly numClasses: number }> = defineComposite({
  name: 'aten.one_hot',
  gradient: 'none',
  compose(inputs, { numClasses }) {
    const x = valueAt('aten.one_hot', inputs, 0)
    if (numClasses < 1) {
      throw new RangeError(`Cannot record "aten.one_hot": expected a number of classes, got ${numClasses}`)
    }
    const rank = x.shape.length + 1
    return [
      castTo(compared(eq, reshaped(x, [...x.shape, 1]), countedAlong(rank - 1, numClasses, rank)), 'int64'),
    ]
  },
})

/** x with the elements of the third input (or a number) written to the places that `gather` would read. */
export const scatter: Operation<{ readonly dim: number; readonly value?: number }> = defineOp({
  name: 'aten.scatter',
  infer: (inputs) => [scattered('aten.scatter', inputs)],
  gradient({ inputs: [x, index, source], gradients: [g], attrs: { dim }, needs }) {
    if (!x || !index || !g) return [null]
    const kept = needs(0) ? emit(scatter, [g, index], { dim, value: 0 }) : null
    return [kept, null, source && needs(2) ? cropped(emit(gather, [g, index], { dim }), source) : null]
  },
  lower(e, { inputs: [x, index], attrs: { dim, value } }) {
    const [data = '', places = '', given = ''] = e.inputs
    const updates =
      value === undefined
        ? given
        : e.op('Expand', [e.scalar(value, x?.dtype ?? 'float32'), e.shape(index?.shape ?? [])])
    return [
      e.op('ScatterElements', [data, places, updates], {
        axis: normalizeDim('aten.scatter', dim, x?.shape.length ?? 1),
      }),
    ]
  },
})

/** x with the elements of the third input added to the places that `gather` would read. */
export const scatterAdd: Operation<{ readonly dim: number }> = defineOp({
  name: 'aten.scatter_add',
  infer: (inputs) => [scattered('aten.scatter_add', inputs)],
  gradient: ({ inputs: [, index, source], gradients: [g], attrs: { dim } }) => [
    g ?? null,
    null,
    g && index && source ? cropped(emit(gather, [g, index], { dim }), source) : null,
  ],
  lower: (e, { inputs: [x], attrs: { dim } }) => [
    e.op('ScatterElements', [...e.inputs], {
      axis: normalizeDim('aten.scatter_add', dim, x?.shape.length ?? 1),
      reduction: 'add',
    }),
  ],
})

function scattered(op: string, inputs: Parameters<Operation['infer']>[0]): ReturnType<typeof inputAt> {
  const x = inputAt(op, inputs, 0)
  const places = positionsAt(op, inputs, 1)
  const source = inputs[2]
  const fits = !source || formatDims(source.shape) === formatDims(places.shape)
  if (places.shape.length === x.shape.length && fits) return { shape: x.shape, dtype: x.dtype }
  throw new ShapeError(
    `Cannot record "${op}": expected positions and elements of one shape, of ${x.shape.length} dimensions, got ${formatType(places)}${source ? ` and ${formatType(source)}` : ''}`,
  )
}

function cropped(value: Value, like: Value): Value {
  return castTo(value, like.dtype)
}

/** x with the elements of the third input, in order, where the mask is true. */
export const maskedScatter: Operation<NoAttributes> = defineComposite({
  name: 'aten.masked_scatter',
  gradient: 'none',
  compose(inputs) {
    const [x, mask, source] = [0, 1, 2].map((i) => valueAt('aten.masked_scatter', inputs, i))
    if (!x || !mask || !source) return []
    const count = (value: Value): Dim => value.shape.reduce(mulDims, 1)
    const where = expanded(mask, x.shape)
    const order = minus(emit(cumsum, [reshaped(where, [count(x)])], { dim: 0 }), 1)
    const places = emit(clamp, [order], { min: 0, max: null })
    const taken = selected(reshaped(source, [count(source)]), places, 0)
    return [chosen(where, reshaped(taken, x.shape), x)]
  },
})
