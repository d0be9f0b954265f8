import { describe, expect, test } from 'vitest'
import { evaluate, numbers, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { rejected } from '../../../test/rejected.ts'
import { expectSymbolicInference, n, s, typed } from '../../../test/symbolic-inference.ts'
import { expectSymbolicRun } from '../../../test/symbolic-run.ts'
import { fromHost, record } from '../../engine/tensor.ts'
import type { Dims } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { attentionGradient } from './attention-gradient.ts'
import { scaledDotProductAttention as attention } from './scaled-dot-product-attention.ts'

const ATTRS = { dropoutP: 0, isCausal: false, scale: null, enableGqa: false }
const CAUSAL = { ...ATTRS, isCausal: true }
const GROUPED = { ...ATTRS, enableGqa: true }

interface Row {
  readonly inputs: readonly (TensorType | null)[]
  readonly attrs: typeof ATTRS
  readonly shape: Dims
}

const q = typed([n, 2, s, 3])

const ROWS: readonly Row[] = [
  { inputs: [q, q, typed([n, 2, s, 5])], attrs: ATTRS, shape: [n, 2, s, 5] },
  { inputs: [q, q, q], attrs: CAUSAL, shape: [n, 2, s, 3] },
  { inputs: [q, q, q, typed([n, 1, 1, s], 'bool')], attrs: ATTRS, shape: [n, 2, s, 3] },
  { inputs: [typed([s, 3]), typed([n, 3]), typed([n, 2]), typed([s, n])], attrs: ATTRS, shape: [s, 2] },
  { inputs: [typed([n, 4, s, 3]), q, q, typed([n, 4, s, s])], attrs: GROUPED, shape: [n, 4, s, 3] },
]

const CASES = ROWS.map((row) => [row.inputs.map((type) => String(type?.shape)), row] as const)

describe('attention', () => {
  test.each(CASES)(
    'aten.scaled_dot_product_attention infers symbolic sizes: %o',
    (_shapes, { inputs, attrs, shape }) => {
      const [output] = expectSymbolicInference(attention, inputs, attrs)
      expect(output?.shape.map(String)).toEqual(shape.map(String))
    },
  )

  test.each(CASES)(
    'aten.scaled_dot_product_attention runs with symbolic sizes: %o',
    async (_shapes, { inputs, attrs }) => {
      await expectSymbolicRun(attention, inputs, attrs)
    },
  )

  test.each(CASES)(
    'lowbit.attention_gradient infers and runs with symbolic sizes: %o',
    async (_shapes, { inputs, attrs, shape }) => {
      const [query = null, key = null, value = null, mask = null] = inputs
      const [, weights = null] = attention.infer(inputs, attrs)
      const all = [query, key, value, mask, null, typed(shape), weights]
      const outputs = expectSymbolicInference(attentionGradient, all, attrs)
      expect(outputs.slice(0, 3)).toEqual([query, key, value])
      await expectSymbolicRun(attentionGradient, all, attrs)
    },
  )
})

const query = wave([2, 3, 2])
const key = wave([2, 4, 2], -1, 1, 1)
const value = wave([2, 4, 3], -1, 1, 2)
const mask = wave([3, 4], -2, 2, 3)
const seen = fromValues('bool', [3, 4], [1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1])
const seed = fromValues('int64', [], [11])

describe('lowbit.attention_gradient', () => {
  test.each([
    ['no mask', [query, key, value], ATTRS],
    ['a scale', [query, key, value], { ...ATTRS, scale: 1.5 }],
    ['causal', [query, key, value], CAUSAL],
    ['a float mask that broadcasts', [query, key, value, mask], ATTRS],
    ['a bool mask with a row of nothing', [query, key, value, seen], ATTRS],
    ['dropout', [query, key, value, null, seed], { ...ATTRS, dropoutP: 0.4 }],
    ['a key for all batches', [query, wave([1, 4, 2]), value], ATTRS],
    ['heads that share keys', [wave([4, 3, 2]), key, value, wave([4, 3, 4])], GROUPED],
    ['one head of keys for all', [wave([2, 4, 2, 2]), wave([1, 1, 3, 2]), wave([1, 1, 3, 2])], GROUPED],
  ])('lowbit.attention_gradient has the slopes of finite differences: %s', async (_name, inputs, attrs) => {
    await expectSlopes(attention, inputs, attrs, undefined, { counted: 1 })
  })
})

describe('aten.scaled_dot_product_attention', () => {
  test('aten.scaled_dot_product_attention gives 0 to a query that may see no key, as PyTorch does', async () => {
    const inputs = [query, key, value].map(fromHost)
    const byFlags = await evaluate(attention, [...inputs, fromHost(seen)], ATTRS)
    const hidden = [0, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0].map((flag) =>
      flag === 1 ? Number.NEGATIVE_INFINITY : 0,
    )
    const byScores = await evaluate(attention, [...inputs, tensor(hidden, [3, 4])], ATTRS)
    expect(byFlags.slice(3, 6)).toEqual([0, 0, 0])
    expect(byScores).toEqual(byFlags)
  })

  test('aten.scaled_dot_product_attention repeats keys for the heads that share them', async () => {
    const four = wave([1, 4, 3, 2])
    const [keys, values] = [wave([1, 2, 5, 2], -1, 1, 1), wave([1, 2, 5, 2], -1, 1, 2)]
    const repeated = [keys, values].map((array) => {
      const flat = wave([20], -1, 1, array === keys ? 1 : 2)
      const all = Array.from(new Float32Array(flat.bytes.slice().buffer))
      const heads = [all.slice(0, 10), all.slice(0, 10), all.slice(10), all.slice(10)].flat()
      return fromHost(fromValues('float32', [1, 4, 5, 2], heads))
    })
    const shared = record(attention, [four, keys, values].map(fromHost), GROUPED)
    expect(shared.shape).toEqual([1, 4, 3, 2])
    const apart = await evaluate(attention, [fromHost(four), ...repeated], ATTRS)
    expect(await numbers(shared)).toEqual(apart.map((number) => expect.closeTo(number, 5)))
  })

  test('aten.scaled_dot_product_attention drops weights and scales the others up', async () => {
    const ones = fromHost(fromValues('float32', [1, 400, 1], new Array(400).fill(1)))
    const zeros = fromHost(fromValues('float32', [1, 50, 1], new Array(50).fill(0)))
    const inputs = [zeros, tensor(new Array(400).fill(0), [1, 400, 1]), ones, null, fromHost(seed)]
    const sums = await evaluate(attention, inputs, { ...ATTRS, dropoutP: 0.25 })
    const mean = sums.reduce((a, b) => a + b) / sums.length
    expect(mean).toBeCloseTo(1, 1)
    expect(new Set(sums).size).toBeGreaterThan(10)
  })

  test('aten.scaled_dot_product_attention drops nothing without a seed', async () => {
    const inputs = [query, key, value].map(fromHost)
    const expected = await evaluate(attention, inputs, ATTRS)
    expect(await evaluate(attention, inputs, { ...ATTRS, dropoutP: 0.5 })).toEqual(expected)
  })
})

const NAME = 'aten.scaled_dot_product_attention'
const x = typed([2, 3, 4])

const REJECTED = [
  rejected(
    attention,
    [typed([4]), x, x],
    ATTRS,
    new ShapeError(`Cannot record "${NAME}": expected at least two dimensions, got float32 [4]`),
  ),
  rejected(
    attention,
    [x, x, typed([2, 3, 4], 'float16')],
    ATTRS,
    new TypeError(
      `Cannot record "${NAME}": expected tensors of one dtype, got float32 [2, 3, 4], float32 [2, 3, 4], float16 [2, 3, 4]`,
    ),
  ),
  rejected(
    attention,
    [x, typed([2, 3, 5]), x],
    ATTRS,
    new ShapeError(
      `Cannot record "${NAME}": expected inner sizes that are equal, got float32 [2, 3, 4] and float32 [2, 3, 5]`,
    ),
  ),
  rejected(
    attention,
    [x, x, typed([2, 5, 4])],
    ATTRS,
    new ShapeError(
      `Cannot record "${NAME}": expected a value for each key, got float32 [2, 3, 4] and float32 [2, 5, 4]`,
    ),
  ),
  rejected(
    attention,
    [x, x, x, typed([2, 3], 'bool')],
    ATTRS,
    new ShapeError(
      `Cannot record "${NAME}": expected shapes that broadcast, got [2, 3, 3] and [2, 3] (dimension -2)`,
    ),
  ),
  rejected(
    attention,
    [x, x, x, typed([4, 2, 3, 3], 'bool')],
    ATTRS,
    new ShapeError(
      `Cannot record "${NAME}": expected a mask that broadcasts to [2, 3, 3], got bool [4, 2, 3, 3]`,
    ),
  ),
  rejected(
    attention,
    [x, x, x, typed([3, 3], 'int64')],
    ATTRS,
    new TypeError(`Cannot record "${NAME}": expected a mask of bool or float32, got int64 [3, 3]`),
  ),
  rejected(
    attention,
    [x, x, x, typed([3, 3])],
    CAUSAL,
    new TypeError(`Cannot record "${NAME}": expected a mask or isCausal, got both`),
  ),
  rejected(
    attention,
    [x, x, x],
    { ...ATTRS, dropoutP: 1 },
    new RangeError(`Cannot record "${NAME}": expected dropoutP in [0, 1), got 1`),
  ),
  rejected(
    attention,
    [x, x, x, null, typed([])],
    { ...ATTRS, dropoutP: 0.5 },
    new TypeError(`Cannot record "${NAME}": expected an int64 scalar as seed, got float32 []`),
  ),
  rejected(
    attention,
    [typed([3, n]), typed([3, n]), typed([3, n])],
    ATTRS,
    new ShapeError(`Cannot record "${NAME}": expected a scale or a known width, got float32 [3, n]`),
  ),
  rejected(
    attention,
    [typed([3, 3, 4]), x, x],
    GROUPED,
    new ShapeError(`Cannot record "${NAME}": expected heads that 2 key heads divide, got [3, 3, 4]`),
  ),
]

test.each(REJECTED)('%s rejects what it does not take: %s', (_name, _message, infer, error) => {
  expect(infer).toThrow(error)
})
