import type { Dim } from '../../ir/dim.ts'
import { emit, formatType, type Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineComposite } from '../define-composite.ts'
import { abs } from '../elementwise/abs.ts'
import { clamp } from '../elementwise/clamp.ts'
import { eq, le } from '../elementwise/comparison.ts'
import { floor } from '../elementwise/rounding.ts'
import { castTo, chosen, compared, countedAlong, minus, multiplied, plus } from '../expressions.ts'
import { selected } from '../indexing/index-select.ts'
import { valueAt } from '../inference.ts'
import { matmul } from '../matrix/matmul.ts'
import { transpose } from '../shape/permute.ts'
import { interleaved } from '../shape/repeat.ts'

/** Sizes of the result, or how much larger it is along each spatial dimension: one of them. */
type UpsampleAttributes = {
  readonly outputSize: readonly Dim[] | null
  readonly scaleFactors: readonly number[] | null
}

/** How coordinates correspond: by the centres of the corners' elements, or by the edges. */
type AlignedAttributes = UpsampleAttributes & { readonly alignCorners: boolean }

/** Each element of [N, C, L] several times. */
export const upsampleNearest1d: Operation<UpsampleAttributes> = nearest('aten.upsample_nearest1d', 1)

/** Each element of [N, C, H, W] several times. */
export const upsampleNearest2d: Operation<UpsampleAttributes> = nearest('aten.upsample_nearest2d', 2)

/** Each element of [N, C, D, H, W] several times. */
export const upsampleNearest3d: Operation<UpsampleAttributes> = nearest('aten.upsample_nearest3d', 3)

/** Linear interpolation of [N, C, L]. */
export const upsampleLinear1d: Operation<AlignedAttributes> = interpolation(
  'aten.upsample_linear1d',
  1,
  linear,
)

/** Bilinear interpolation of [N, C, H, W]. */
export const upsampleBilinear2d: Operation<AlignedAttributes> = interpolation(
  'aten.upsample_bilinear2d',
  2,
  linear,
)

/** Bicubic interpolation of [N, C, H, W], by Keys' kernel with a = -0.75. */
export const upsampleBicubic2d: Operation<AlignedAttributes> = interpolation(
  'aten.upsample_bicubic2d',
  2,
  cubic,
)

/** One spatial dimension that changes. */
interface Axis {
  readonly size: number
  readonly result: number
  /** Elements of the input for one of the result. */
  readonly step: number
}

function nearest(name: string, rank: number): Operation<UpsampleAttributes> {
  return defineComposite({
    name,
    compose(inputs, attrs) {
      const x = valueAt(name, inputs, 0)
      const whole = wholeFactors(x, attrs, rank)
      if (whole)
        return [
          whole.reduce((value, factor, i) => (factor === 1 ? value : interleaved(value, factor, i + 2)), x),
        ]
      return [
        axesOf(name, x, attrs, rank).reduce((value, { size, result, step }, i) => {
          const places = emit(floor, [multiplied(countedAlong(0, result, 1, 'float32'), step)], {})
          return selected(value, castTo(emit(clamp, [places], { min: 0, max: size - 1 }), 'int64'), i + 2)
        }, x),
      ]
    },
  })
}

/** Whole factors, which also suit sizes that are not known. */
function wholeFactors(
  x: Value,
  { outputSize, scaleFactors }: UpsampleAttributes,
  rank: number,
): readonly number[] | undefined {
  const factors = scaleFactors ?? outputSize?.map((size, i) => Number(size) / Number(x.shape[i + 2])) ?? []
  return factors.length === rank && factors.every((factor) => Number.isInteger(factor) && factor > 0)
    ? factors
    : undefined
}

function axesOf(
  op: string,
  x: Value,
  { outputSize, scaleFactors }: UpsampleAttributes,
  rank: number,
): readonly Axis[] {
  const sizes = x.shape.slice(2)
  if (sizes.length !== rank || !sizes.every((size) => typeof size === 'number')) {
    throw new ShapeError(
      `Cannot record "${op}": expected ${rank} spatial dimensions of known size, got ${formatType(x)}`,
    )
  }
  return sizes.map((given, i) => {
    const size = Number(given)
    const factor = scaleFactors?.[i]
    const result = Number(outputSize?.[i] ?? Math.floor(size * (factor ?? 1)))
    return { size, result, step: factor === undefined ? size / result : 1 / factor }
  })
}

/** Weights by the distance from where an element of the result comes from. */
type Kernel = (distance: Value) => Value

/** Every axis of the result is a matrix of weights times that axis of the input. */
function interpolation(
  name: string,
  rank: number,
  taps: (source: Value, axis: Axis) => Value,
): Operation<AlignedAttributes> {
  return defineComposite({
    name,
    compose(inputs, attrs) {
      const x = valueAt(name, inputs, 0)
      return [
        axesOf(name, x, attrs, rank).reduce((value, axis, i) => {
          if (axis.result === axis.size && axis.step === 1) return value
          const weights = taps(sourceOf(axis, attrs.alignCorners), axis)
          if (i === rank - 1)
            return emit(matmul, [value, emit(transpose, [weights], { dim0: 0, dim1: 1 })], {})
          return emit(matmul, [weights, value], {})
        }, x),
      ]
    },
  })
}

/** Where in the input each element of the result comes from: [result, 1]. */
function sourceOf({ size, result, step }: Axis, alignCorners: boolean): Value {
  const counted = countedAlong(0, result, 2, 'float32')
  if (alignCorners) return multiplied(counted, result > 1 ? (size - 1) / (result - 1) : 0)
  return minus(multiplied(plus(counted, 0.5), step), 0.5)
}

function linear(source: Value, { size }: Axis): Value {
  const inside = emit(clamp, [source], { min: 0, max: size - 1 })
  const distance = emit(abs, [minus(inside, countedAlong(1, size, 2, 'float32'))], {})
  return emit(clamp, [plus(multiplied(distance, -1), 1)], { min: 0, max: null })
}

/** Four neighbours, of which those beyond an edge are the edge. */
function cubic(source: Value, { size }: Axis): Value {
  const base = emit(floor, [source], {})
  const terms = [-1, 0, 1, 2].map((offset) => {
    const place = plus(base, offset)
    const weight = keys(emit(abs, [minus(source, place)], {}))
    const column = emit(clamp, [place], { min: 0, max: size - 1 })
    return multiplied(castTo(compared(eq, column, countedAlong(1, size, 2, 'float32')), 'float32'), weight)
  })
  return terms.reduce((a, b) => plus(a, b))
}

/** Keys' cubic convolution kernel (1981). */
const keys: Kernel = (t) => {
  const a = -0.75
  const near = plus(multiplied(multiplied(plus(multiplied(t, a + 2), -(a + 3)), t), t), 1)
  const far = plus(multiplied(plus(multiplied(plus(multiplied(t, a), -5 * a), t), 8 * a), t), -4 * a)
  return chosen(compared(le, t, 1), near, far)
}
