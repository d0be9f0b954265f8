import type { Dims } from '../../ir/dim.ts'
import type { SizeRanges } from '../../nn/graph-sizes.ts'

/** Sizes of an input as a model declares them, with their bounds where they vary. */
export interface FeatureShape {
  readonly shape?: bigint[]
  readonly ShapeFlexibility?: {
    readonly case: 'shapeRange'
    readonly value: { readonly sizeRanges: { readonly lowerBound: bigint; readonly upperBound: bigint }[] }
  }
}

/** @param maxSize upper bound of a size that has none */
export function featureShape(dims: Dims, ranges: SizeRanges | undefined, maxSize: number): FeatureShape {
  const bounds = dims.map((dim) => {
    if (typeof dim === 'number') return { lowerBound: BigInt(dim), upperBound: BigInt(dim) }
    const { min = 1, max = maxSize } = ranges?.get(dim.key) ?? {}
    const lowest = Math.max(1, min)
    return { lowerBound: BigInt(lowest), upperBound: BigInt(Math.max(lowest, Math.min(max, maxSize))) }
  })
  const shape = bounds.map(({ lowerBound }) => lowerBound)
  if (dims.every((dim) => typeof dim === 'number')) return { shape }
  return { shape, ShapeFlexibility: { case: 'shapeRange', value: { sizeRanges: bounds } } }
}
