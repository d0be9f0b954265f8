import type { Attributes } from '../../../ir/attributes.ts'
import type { Value } from '../../../ir/node.ts'
import type { Operation } from '../../../ir/operation.ts'
import { gridSampler2d } from '../../../ops/resampling/grid-sample.ts'
import {
  upsampleBicubic2d,
  upsampleBilinear2d,
  upsampleLinear1d,
  upsampleNearest1d,
  upsampleNearest2d,
  upsampleNearest3d,
} from '../../../ops/resampling/upsample.ts'
import { type Importer, type NodeCall, numberOf } from '../node-call.ts'

/** Results lie in the range of what they are made of, so that one observer serves both. */
function sharing<A extends Attributes>(op: Operation<A>): Operation<A> {
  return { ...op, quantization: { sharesObserver: true } }
}

const NEAREST = [upsampleNearest1d, upsampleNearest2d, upsampleNearest3d].map(sharing)
const LINEAR = [upsampleLinear1d, upsampleBilinear2d].map(sharing)

/** How much larger each spatial dimension becomes; undefined where batch or channels change, or it is not known. */
function factorsOf(call: NodeCall, x: Value): number[] | undefined {
  const rank = x.shape.length
  if (call.text('keep_aspect_ratio_policy', 'stretch') !== 'stretch') return undefined
  const axes = call.ints('axes')?.map((axis) => (axis + rank) % rank) ?? x.shape.map((_, i) => i)
  const sizes = call.optional(3) === undefined ? undefined : call.elements(3)
  const scales = sizes === undefined ? call.elements(2) : undefined
  const factors = new Array<number>(rank).fill(1)
  for (const [i, axis] of axes.entries()) {
    const [from, to, scale] = [x.shape[axis], numberOf(sizes?.[i]), numberOf(scales?.[i])]
    const factor = scale ?? (typeof from === 'number' && to !== undefined ? to / from : undefined)
    if (factor === undefined) return undefined
    factors[axis] = factor
  }
  return factors[0] === 1 && factors[1] === 1 && rank >= 3 ? factors.slice(2) : undefined
}

/** Repeating elements is the same for all ways to round places; other forms stay as they are. */
const resize: Importer = (call) => {
  const x = call.value(0)
  const scaleFactors = factorsOf(call, x)
  if (scaleFactors === undefined || call.int('antialias', 0) === 1) return undefined
  const places = call.text('coordinate_transformation_mode', 'half_pixel')
  const [mode, rank] = [call.text('mode', 'nearest'), scaleFactors.length]
  if (mode === 'nearest') {
    const isWhole = scaleFactors.every((factor) => Number.isInteger(factor))
    const rounding = call.text('nearest_mode', 'round_prefer_floor')
    const isRepeated =
      isWhole &&
      (places === 'asymmetric' ? rounding === 'floor' : places === 'half_pixel' && /^round/.test(rounding))
    const op = NEAREST[rank - 1]
    return op && isRepeated ? call.emit(op, [x], { outputSize: null, scaleFactors }) : undefined
  }
  const op = mode === 'cubic' ? (rank === 2 ? upsampleBicubic2d : undefined) : LINEAR[rank - 1]
  const isCentred = places === 'half_pixel' || places === 'pytorch_half_pixel'
  const isPlain = call.float('cubic_coeff_a', -0.75) === -0.75 && call.int('exclude_outside', 0) === 0
  const sizes = x.shape.slice(2)
  if (op === undefined || !isPlain || !(isCentred || places === 'align_corners')) return undefined
  if (!sizes.every((size) => typeof size === 'number' && size > 1)) return undefined
  const outputSize = sizes.map((size, i) => Math.floor(Number(size) * (scaleFactors[i] ?? 1)))
  const isExact = outputSize.every(
    (size, i) => size === Number(sizes[i]) * (scaleFactors[i] ?? 1) && size > 1,
  )
  return isExact
    ? call.emit(op, [x], { outputSize, scaleFactors: null, alignCorners: !isCentred })
    : undefined
}

const INTERPOLATIONS: Readonly<Record<string, number>> = { linear: 0, bilinear: 0, nearest: 1 }
const PADDINGS: Readonly<Record<string, number>> = { zeros: 0, border: 1 }

const gridSample: Importer = (call) => {
  const x = call.value(0)
  const interpolationMode = INTERPOLATIONS[call.text('mode', 'linear')]
  const paddingMode = PADDINGS[call.text('padding_mode', 'zeros')]
  const isKnown = x.shape.length === 4 && x.shape.slice(2).every((size) => typeof size === 'number')
  if (interpolationMode === undefined || paddingMode === undefined || !isKnown) return undefined
  const alignCorners = call.int('align_corners', 0) === 1
  return call.emit(gridSampler2d, [x, call.value(1)], { interpolationMode, paddingMode, alignCorners })
}

/** Pictures of other sizes. */
export const resampling: Readonly<Record<string, Importer>> = { GridSample: gridSample, Resize: resize }
