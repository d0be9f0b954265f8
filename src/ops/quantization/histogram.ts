import { isConcrete } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { Node } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { type Blocks, blockView } from './blocks.ts'
import { exponentIndex } from './microscale.ts'

/** `bins`: a power of two, the number of bins on either side of 0. */
export type HistogramAttributes = { readonly blocks: Blocks; readonly bins: number }

const NAME = 'lowbit.histogram'

/**
 * Counts of a tensor's values, one row of 2 * bins for each block, added to the counts so far. Inputs: values; counts (int64, [blocks, 2 * bins]) and
 * widths of bins (float32, [blocks, 1]) so far, or null. Outputs: counts and widths.
 *
 * Bin i of a row counts magnitudes from i * width up to (i + 1) * width, the negative ones in front and mirrored. A width is the smallest power of two
 * with which the bins reach the largest magnitude so far; where it grows, neighbouring bins are added up. So the counts depend on the values alone,
 * not on how they were grouped or ordered. What is not finite is not counted.
 */
export const histogram: Operation<HistogramAttributes> = defineOp({
  name: NAME,
  infer(inputs, { blocks, bins }) {
    const count = blockCount(floatingAt(NAME, inputs, 0).shape, blocks)
    const known = inputs[1]
    if (known && known.shape.join() !== `${count},${2 * bins}`) {
      throw new ShapeError(
        `Cannot record "${NAME}": expected counts of shape [${count}, ${2 * bins}], got [${known.shape.join(', ')}]`,
      )
    }
    return [
      { shape: [count, 2 * bins], dtype: 'int64' },
      { shape: [count, 1], dtype: 'float32' },
    ]
  },
  gradient: 'none',
  lower(e, node) {
    const { bins, blocks } = node.attrs
    const shape = node.inputs[0]?.shape ?? []
    const { view, inner, scaleView } = blockView(NAME, shape, blocks)
    const count = blockCount(shape, blocks)
    const values = reshapeNode(e, e.cast(e.inputs[0] ?? '', 'float32'), shape, view)
    const magnitude = e.op('Abs', [values])
    const counted = e.op('Less', [magnitude, e.scalar(Number.POSITIVE_INFINITY)])
    const bounded = e.op('Where', [counted, magnitude, e.scalar(0)])
    const peak = inner.length === 0 ? bounded : e.op('ReduceMax', [bounded, e.ints(inner)], { keepdims: 1 })
    const needed = widthFor(e, e.op('Reshape', [peak, e.ints([count, 1])]), bins)
    const width = e.inputs[2] ? e.op('Max', [needed, e.inputs[2]]) : needed
    const steps = e.op('Floor', [e.op('Div', [bounded, e.op('Reshape', [width, e.shape(scaleView)])])])
    const slots = slotOf(e, steps, e.op('Less', [values, e.scalar(0)]), bins)
    const index = e.op('Add', [slots, rowStarts(e, scaleView.map(Number), bins)])
    const flat = (value: string) => e.op('Reshape', [value, e.ints([-1])])
    const inputs = [countsSoFar(e, node, width, count), index, e.cast(counted, 'int64')].map(flat)
    const counts = e.op('ScatterElements', inputs, { axis: 0, reduction: 'add' })
    return [e.op('Reshape', [counts, e.ints([count, 2 * bins])]), width]
  },
})

/** Place in a row of the bin that is so many steps from 0 on one side of it. */
function slotOf(e: Emitter, steps: string, isNegative: string, bins: number): string {
  const below = e.op('Sub', [e.scalar(bins - 1), steps])
  const above = e.op('Add', [e.scalar(bins), steps])
  return e.cast(e.op('Where', [isNegative, below, above]), 'int64')
}

/** Number of blocks. @throws ShapeError when it is not known */
function blockCount(shape: Parameters<typeof blockView>[1], blocks: Blocks): number {
  const { scaleShape } = blockView(NAME, shape, blocks)
  if (isConcrete(scaleShape)) return sizeOf(scaleShape)
  throw new ShapeError(
    `Cannot record "${NAME}": expected a known number of blocks, got [${scaleShape.join(', ')}]`,
  )
}

/** The smallest power of two with which bins reach beyond a magnitude; not below 2^-126, so that dividing by it is exact. */
function widthFor(e: Emitter, peak: string, bins: number): string {
  const widths = Array.from({ length: 255 }, (_, i) => 2 ** Math.max(i - 125 - Math.log2(bins), -126))
  return e.op('Gather', [e.floats(widths), exponentIndex(e, peak)])
}

/** Index of each block's first bin, in a shape that goes with the values. */
function rowStarts(e: Emitter, scaleView: readonly number[], bins: number): string {
  const starts = Array.from({ length: sizeOf(scaleView) }, (_, i) => i * 2 * bins)
  return e.constant(fromValues('int64', scaleView, starts))
}

/** The counts so far in bins of the new width. */
function countsSoFar(
  e: Emitter,
  { attrs: { bins } }: Node<HistogramAttributes>,
  width: string,
  count: number,
): string {
  const [, counts, widthSoFar] = e.inputs
  const zeros = e.op('Expand', [e.scalar(0, 'int64'), e.ints([count, 2 * bins])])
  if (!counts || !widthSoFar) return zeros
  const slots = Array.from({ length: 2 * bins }, (_, i) => i)
  const magnitudes = e.floats(slots.map((slot) => (slot < bins ? bins - 1 - slot : slot - bins)))
  const steps = e.op('Floor', [e.op('Mul', [e.op('Div', [widthSoFar, width]), magnitudes])])
  const signed = e.op('Mul', [steps, e.floats(slots.map((slot) => (slot < bins ? -1 : 1)))])
  const index = e.op('Add', [signed, e.floats(slots.map((slot) => (slot < bins ? bins - 1 : bins)))])
  return e.op('ScatterElements', [zeros, e.cast(index, 'int64'), counts], { axis: 1, reduction: 'add' })
}
