import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { divided, minus, multiplied, plus } from '../expressions.ts'
import { gather } from '../indexing/gather.ts'
import { valueAt } from '../inference.ts'
import { argmax } from '../reduction/arg-extremum.ts'
import { cat } from '../shape/cat.ts'
import { reshaped } from '../shape/reshape.ts'
import { slice } from '../shape/slice.ts'

/** Largest values of as many windows of [N, C, H, W] as the result has elements, and their places in the picture, row by row. */
export const adaptiveMaxPool2d: Operation<{ readonly outputSize: readonly number[] }> = defineComposite({
  name: 'aten.adaptive_max_pool2d',
  compose(inputs, { outputSize: [rows = 1, columns = rows] }) {
    const x = valueAt('aten.adaptive_max_pool2d', inputs, 0)
    const [height, width] = x.shape.slice(-2)
    if (typeof height !== 'number' || typeof width !== 'number') {
      throw new ShapeError(
        `Cannot record "aten.adaptive_max_pool2d": expected a picture of known size, got ${formatType(x)}`,
      )
    }
    const cells = windowsOf(height, rows).flatMap((r) =>
      windowsOf(width, columns).map((c) => largestWithin(x, r, c, width)),
    )
    const shape = [...x.shape.slice(0, -2), rows, columns]
    return [0, 1].map((which) => {
      const parts = cells.flatMap((cell) => cell[which] ?? [])
      return reshaped(emit(cat, parts, { dim: -1 }), shape)
    })
  },
})

interface Span {
  readonly start: number
  readonly end: number
}

function windowsOf(size: number, count: number): readonly Span[] {
  return Array.from({ length: count }, (_, i) => ({
    start: Math.floor((i * size) / count),
    end: Math.ceil(((i + 1) * size) / count),
  }))
}

/** The largest value of a window and its place in the picture. */
function largestWithin(x: Value, rows: Span, columns: Span, width: number): readonly Value[] {
  const cut = (value: Value, dim: number, { start, end }: Span) =>
    emit(slice, [value], { dim, start, end, step: 1 })
  const across = columns.end - columns.start
  const front = x.shape.slice(0, -2)
  const cell = reshaped(cut(cut(x, -2, rows), -1, columns), [...front, (rows.end - rows.start) * across])
  const place = emit(argmax, [cell], { dim: -1, keepdim: true })
  const row = divided(place, across, 'floor')
  const column = minus(place, multiplied(row, across))
  const whole = plus(plus(multiplied(plus(row, rows.start), width), column), columns.start)
  return [emit(gather, [cell, place], { dim: -1 }), whole]
}
