import { type Dims, isConcrete, sameDims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { Node, type Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt } from '../inference.ts'
import { reshapeNode } from '../shape/reshape.ts'
import { type Blocks, blockView } from './blocks.ts'

/** `min` and `max` are bounds that are known beforehand; null is observed. */
export type BlockRangeAttributes = {
  readonly blocks: Blocks
  readonly min: number | null
  readonly max: number | null
}

const NAME = 'lowbit.block_range'

/**
 * Smallest and largest value of each block, extended to contain 0, of the input's dtype (float32 where both bounds are known). One NaN in a
 * block makes both its results NaN.
 */
export const blockRange: Operation<BlockRangeAttributes> = defineOp({
  name: NAME,
  infer(inputs, { blocks, min, max }) {
    const x = floatingAt(NAME, inputs, 0)
    const { view, inner, scaleShape } = blockView(NAME, x.shape, blocks)
    if (inner.some((axis) => view[axis] === 0) && (min === null || max === null)) {
      throw new RangeError(
        `Cannot record "${NAME}": expected blocks with elements, got none in [${x.shape.join(', ')}]`,
      )
    }
    const type: TensorType = { shape: scaleShape, dtype: min !== null && max !== null ? 'float32' : x.dtype }
    return [type, type]
  },
  gradient: 'none',
  lower(e, node) {
    const { min, max } = node.attrs
    if (min !== null && max !== null) return [known(e, node, min), known(e, node, max)]
    const observed = observe(e, node)
    return [
      min === null ? observed[0] : known(e, node, min),
      max === null ? observed[1] : known(e, node, max),
    ]
  },
})

/** Below this number of elements telling finite tensors apart costs more than it saves. */
const MIN_BRANCH_SIZE = 2 ** 12

function observe(
  e: Emitter,
  { inputs: [x], outputs: [y], attrs }: Node<BlockRangeAttributes>,
): [string, string] {
  const shape = x?.shape ?? []
  const { view, inner, scaleView } = blockView(NAME, shape, attrs.blocks)
  if (isConcrete(view) && view.includes(0)) {
    const empty = e.constant(fromValues('float32', y?.shape.map(Number) ?? [], []))
    return [empty, empty]
  }
  const values = reshapeNode(e, e.inputs[0] ?? '', shape, view)
  const isWhole = inner.length === view.length
  const [min, max] =
    isWhole && isNonNegative(x) ? nonNegativeRange(e, values, view) : rangeOf(e, values, view, inner)
  const scaleShape = y?.shape ?? []
  const settle = (value: string) =>
    sameDims(scaleView, scaleShape) ? value : reshapeNode(e, value, scaleView, scaleShape)
  return [settle(min), settle(max)]
}

/**
 * ReduceMin and ReduceMax may lose NaN, so a sum of magnitudes, which keeps it, takes part in the comparisons with 0. It is fast for whole tensors, slow for
 * blocks. These are rarely other than finite, which plain sums tell: they say whether it is needed, unless all is folded when the session is made.
 */
function rangeOf(
  e: Emitter,
  values: string,
  view: Dims,
  inner: readonly number[],
): readonly [string, string] {
  const reduce = (type: string) => {
    if (inner.length === 0) return type === 'ReduceL1' ? e.op('Abs', [values]) : values
    return e.op(type, inner.length === view.length ? [values] : [values, e.ints(inner)], { keepdims: 1 })
  }
  const zero = e.scalar(0)
  const exact = () => {
    const min = e.op('Min', [reduce('ReduceMin'), zero, reduce('ReduceL1')])
    return [min, e.op('Max', [reduce('ReduceMax'), zero, min])] as const
  }
  const isFolded = e.isConstant(0)
  if (isFolded || inner.length === view.length || !isConcrete(view) || sizeOf(view) < MIN_BRANCH_SIZE)
    return exact()
  const sum = e.op('ReduceSum', [reduce('ReduceSum')], { keepdims: 0 })
  const isSafe = e.op('Less', [e.op('Abs', [sum]), e.scalar(Number.POSITIVE_INFINITY)])
  const fast = () => [e.op('Min', [reduce('ReduceMin'), zero]), e.op('Max', [reduce('ReduceMax'), zero])]
  const [min = '', max = ''] = e.branch(isSafe, fast, exact, ['float32', 'float32'])
  return [min, max]
}

/** Whether the operation that computes a value gives nothing below 0, as a ReLU does. */
function isNonNegative(value: Value | null | undefined): boolean {
  const node = value?.node
  const range = node?.op.quantization?.fixedRange?.(node.attrs)
  return typeof range?.min === 'number' && range.min >= 0
}

/** Positions of a map from which on pooling each is faster than leaving the blocked layout for a reduction. */
const MIN_POSITIONS = 16

/** The range of a whole tensor without negative values: [0, max]. */
function nonNegativeRange(e: Emitter, values: string, view: Dims): readonly [string, string] {
  const [high, magnitude] = nonNegativeParts(e, values, view)
  const min = e.op('Min', [e.scalar(0), magnitude])
  return [min, e.op('Max', [high, min])]
}

/** The largest value, and a sum that keeps NaN. Global pools read maps in the layout that convolutions leave them in. */
function nonNegativeParts(e: Emitter, values: string, view: Dims): readonly [string, string] {
  const pools =
    e.has('blockedGraph') && view.length === 4 && sizeOf(view.slice(2).map(Number)) >= MIN_POSITIONS
  const reduce = (reduction: string, pool: string) =>
    e.op(reduction, [pools ? e.op(pool, [values]) : values], { keepdims: 1 })
  return [reduce('ReduceMax', 'GlobalMaxPool'), reduce('ReduceL1', 'GlobalAveragePool')]
}

const PARTS = 'lowbit.range_parts'

/** What the range of a whole tensor follows from: its smallest and largest value, in which NaN may be lost, and a sum of magnitudes, in which it is not. */
const rangeParts: Operation<{ readonly nonNegative: boolean }> = defineOp({
  name: PARTS,
  infer(inputs) {
    const { shape, dtype } = floatingAt(PARTS, inputs, 0)
    const type: TensorType = { shape: shape.map(() => 1), dtype }
    return [type, type, type]
  },
  gradient: 'none',
  lower(e, { inputs: [x], outputs: [low], attrs: { nonNegative } }) {
    const values = e.inputs[0] ?? ''
    if (nonNegative) {
      const [high, magnitude] = nonNegativeParts(e, values, x?.shape ?? [])
      const zero = fromValues(low?.dtype ?? 'float32', low?.shape.map(Number) ?? [], [0])
      return [e.constant(zero), high, magnitude]
    }
    return ['ReduceMin', 'ReduceMax', 'ReduceL1'].map((type) => e.op(type, [values], { keepdims: 1 }))
  },
})

/** The range, extended to contain 0, from its parts. */
export const settleRange: Operation = defineOp({
  name: 'lowbit.settle_range',
  infer: (inputs) => [floatingAt(NAME, inputs, 0), floatingAt(NAME, inputs, 1)],
  gradient: 'none',
  lower(e) {
    const [low = '', high = '', magnitude = ''] = e.inputs
    const zero = e.scalar(0)
    const min = e.op('Min', [low, zero, magnitude])
    return [min, e.op('Max', [high, zero, min])]
  },
})

/** The same as a node of this operation in two steps, the second of which is the same for all tensors; undefined where it is one step. */
export function splitRange({ op, inputs: [x], attrs, scope }: Node): readonly [Node, Node] | undefined {
  if (op.name !== NAME || !x || x.dtype !== 'float32' || x.shape.length === 0) return undefined
  const { blocks, min, max } = attrs as BlockRangeAttributes
  if (min !== null || max !== null || blocks.some((block) => block !== -1)) return undefined
  const parts = new Node(rangeParts, [x], { nonNegative: isNonNegative(x) }, scope)
  return [parts, new Node(settleRange, parts.outputs, {}, scope)]
}

function known(e: Emitter, { outputs: [y] }: Node<BlockRangeAttributes>, bound: number): string {
  const shape = y?.shape ?? []
  if (!isConcrete(shape)) return e.op('Expand', [e.scalar(bound), e.shape(shape)])
  const count = shape.reduce((product, size) => product * size, 1)
  return e.constant(
    fromValues(
      'float32',
      shape,
      Array.from({ length: count }, () => bound),
    ),
  )
}
