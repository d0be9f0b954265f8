import { addDims, type Dim } from '../../ir/dim.ts'
import { emit, formatType } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import type { NoAttributes } from '../define-op.ts'
import { expanded } from '../expressions.ts'
import { normalizeDim, valueAt } from '../inference.ts'
import { permute, transpose } from './permute.ts'
import { reshape } from './reshape.ts'
import { select, slice } from './slice.ts'

/** Expands to the shape of another tensor. */
export const expandAs: Operation<NoAttributes> = defineComposite({
  name: 'aten.expand_as',
  compose: (inputs) => [
    expanded(valueAt('aten.expand_as', inputs, 0), valueAt('aten.expand_as', inputs, 1).shape),
  ],
})

/** Takes the shape of another tensor. */
export const viewAs: Operation<NoAttributes> = shapedLike('aten.view_as')

/** Takes the shape of another tensor. */
export const reshapeAs: Operation<NoAttributes> = shapedLike('aten.reshape_as')

function shapedLike(name: string): Operation<NoAttributes> {
  return defineComposite({
    name,
    compose: (inputs) => [
      emit(reshape, [valueAt(name, inputs, 0)], { shape: valueAt(name, inputs, 1).shape }),
    ],
  })
}

/** `length` elements of a dimension from `start`. */
export const narrow: Operation<{ readonly dim: number; readonly start: Dim; readonly length: Dim }> =
  defineComposite({
    name: 'aten.narrow',
    compose: (inputs, { dim, start, length }) => [
      emit(slice, [valueAt('aten.narrow', inputs, 0)], { dim, start, end: addDims(start, length), step: 1 }),
    ],
  })

/** The parts of a dimension, one tensor for each index. */
export const unbind: Operation<{ readonly dim: number }> = defineComposite({
  name: 'aten.unbind',
  compose(inputs, { dim }) {
    const x = valueAt('aten.unbind', inputs, 0)
    const size = x.shape[normalizeDim('aten.unbind', dim, x.shape.length)]
    if (typeof size !== 'number') {
      throw new ShapeError(
        `Cannot record "aten.unbind": expected a known size of dimension ${dim}, got ${formatType(x)}`,
      )
    }
    return Array.from({ length: size }, (_, index) => emit(select, [x], { dim, index }))
  },
})

/** Moves dimensions to other places; the others keep their order. */
export const movedim: Operation<{
  readonly source: readonly number[]
  readonly destination: readonly number[]
}> = defineComposite({
  name: 'aten.movedim',
  compose(inputs, { source, destination }) {
    const x = valueAt('aten.movedim', inputs, 0)
    const normal = (dims: readonly number[]) =>
      dims.map((dim) => normalizeDim('aten.movedim', dim, x.shape.length))
    const [from, to] = [normal(source), normal(destination)]
    const others = x.shape.map((_, i) => i).filter((i) => !from.includes(i))
    const dims = x.shape.map((_, i) => (to.includes(i) ? (from[to.indexOf(i)] ?? i) : (others.shift() ?? i)))
    return [emit(permute, [x], { dims })]
  },
})

/** Swaps the last two dimensions. */
export const mT: Operation<NoAttributes> = defineComposite({
  name: 'aten.mT',
  compose: (inputs) => [emit(transpose, [valueAt('aten.mT', inputs, 0)], { dim0: -2, dim1: -1 })],
})
