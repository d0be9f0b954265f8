import { mulDims } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { abs } from '../elementwise/abs.ts'
import { clamp } from '../elementwise/clamp.ts'
import { ge, le } from '../elementwise/comparison.ts'
import { logicalAnd } from '../elementwise/logic.ts'
import { floor, round } from '../elementwise/rounding.ts'
import { castTo, compared, expanded, minus, multiplied, plus } from '../expressions.ts'
import { gather } from '../indexing/gather.ts'
import { valueAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'
import { select } from '../shape/slice.ts'

/** ATen's numbers: interpolation 0 is bilinear, 1 nearest; padding 0 is zeros, 1 the border. */
type GridAttributes = {
  readonly interpolationMode: number
  readonly paddingMode: number
  readonly alignCorners: boolean
}

/** Samples of [N, C, H, W] at the points of a grid [N, h, w, 2], whose x and y go from -1 to 1 (Jaderberg et al. 2015): [N, C, h, w]. */
export const gridSampler2d: Operation<GridAttributes> = defineComposite({
  name: 'aten.grid_sampler',
  compose(inputs, attrs) {
    const x = valueAt('aten.grid_sampler', inputs, 0)
    const grid = valueAt('aten.grid_sampler', inputs, 1)
    const [, , height, width] = x.shape
    if (typeof height !== 'number' || typeof width !== 'number' || grid.shape.length !== 4) {
      throw new ShapeError(
        `Cannot record "aten.grid_sampler": expected pictures of known size and a grid [N, h, w, 2], got ${formatType(x)} and ${formatType(grid)}`,
      )
    }
    if (attrs.interpolationMode > 1 || attrs.paddingMode > 1) {
      throw new RangeError(
        `Cannot record "aten.grid_sampler": expected the modes 0 or 1, got interpolation ${attrs.interpolationMode} and padding ${attrs.paddingMode}`,
      )
    }
    const column = coordinate(emit(select, [grid], { dim: -1, index: 0 }), width, attrs)
    const row = coordinate(emit(select, [grid], { dim: -1, index: 1 }), height, attrs)
    return [sampled(x, row, column, attrs)]
  },
})

function coordinate(unit: Value, size: number, { alignCorners, paddingMode }: GridAttributes): Value {
  const half = alignCorners ? (size - 1) / 2 : size / 2
  const place = plus(multiplied(unit, half), (size - 1) / 2)
  return paddingMode === 1 ? emit(clamp, [place], { min: 0, max: size - 1 }) : place
}

function sampled(x: Value, row: Value, column: Value, { interpolationMode }: GridAttributes): Value {
  if (interpolationMode === 1) return taken(x, emit(round, [row], {}), emit(round, [column], {}))
  const [top, left] = [emit(floor, [row], {}), emit(floor, [column], {})]
  const corners = [0, 1].flatMap((i) =>
    [0, 1].map((j) => {
      const [r, c] = [plus(top, i), plus(left, j)]
      const weight = multiplied(share(row, r), share(column, c))
      const [batch = 1, ...points] = weight.shape
      return multiplied(taken(x, r, c), reshaped(weight, [batch, 1, ...points]))
    }),
  )
  return corners.reduce((a, b) => plus(a, b))
}

/** 1 less the distance. */
function share(place: Value, corner: Value): Value {
  const away = minus(place, corner)
  return plus(multiplied(emit(abs, [away], {}), -1), 1)
}

/** The elements at whole places [N, h, w], 0 outside of the picture: [N, C, h, w]. */
function taken(x: Value, row: Value, column: Value): Value {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape
  const [, h = 1, w = 1] = row.shape
  const [bottom, right] = [Number(height) - 1, Number(width) - 1]
  const bounded = (place: Value, max: number) => castTo(emit(clamp, [place], { min: 0, max }), 'int64')
  const flat = plus(multiplied(bounded(row, bottom), Number(width)), bounded(column, right))
  const points = mulDims(h, w)
  const index = expanded(reshaped(flat, [batch, 1, points]), [batch, channels, points])
  const found = emit(gather, [reshaped(x, [batch, channels, mulDims(height, width)]), index], { dim: 2 })
  const inside = [
    compared(ge, row, 0),
    compared(le, row, bottom),
    compared(ge, column, 0),
    compared(le, column, right),
  ].reduce((a, b) => emit(logicalAnd, [a, b], {}))
  return multiplied(
    reshaped(found, [batch, channels, h, w]),
    castTo(reshaped(inside, [batch, 1, h, w]), x.dtype),
  )
}
