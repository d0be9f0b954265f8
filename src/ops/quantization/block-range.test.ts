import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { recordAll, type Tensor } from '../../engine/tensor.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { type BlockRangeAttributes, blockRange } from './block-range.ts'

const observed = { min: null, max: null }

async function rangeOf(x: Tensor, attrs: BlockRangeAttributes): Promise<number[][]> {
  return Promise.all(recordAll(blockRange, [x], attrs).map(numbers))
}

describe('lowbit.block_range', () => {
  test('lowbit.block_range extends every range to 0', async () => {
    const x = tensor([1, 2, -3, 4, -5, -6], [3, 2])
    expect(await rangeOf(x, { blocks: [-1, -1], ...observed })).toEqual([[-6], [4]])
    expect(await rangeOf(x, { blocks: [1, -1], ...observed })).toEqual([
      [0, -3, -6],
      [2, 4, 0],
    ])
    expect(await rangeOf(x, { blocks: [-1, 1], ...observed })).toEqual([
      [-5, -6],
      [1, 4],
    ])
    expect(await rangeOf(x, { blocks: [1, 1], ...observed })).toEqual([
      [0, 0, -3, 0, -5, -6],
      [1, 2, 0, 4, 0, 0],
    ])
  })

  test('lowbit.block_range gives one entry to a block', async () => {
    const x = tensor([1, -2, 3, -4, 5, -6, 7, -8], [2, 4])
    const [min, max] = recordAll(blockRange, [x], { blocks: [1, 2], ...observed })
    expect(min?.shape).toEqual([2, 2])
    expect([await numbers(min ?? x), await numbers(max ?? x)]).toEqual([
      [-2, -4, -6, -8],
      [1, 3, 5, 7],
    ])
  })

  test('lowbit.block_range takes bounds that are known', async () => {
    const x = tensor([1, -2])
    expect(await rangeOf(x, { blocks: [-1], min: -10, max: null })).toEqual([[-10], [1]])
    expect(await rangeOf(x, { blocks: [-1], min: -10, max: 20 })).toEqual([[-10], [20]])
  })

  test.each([
    [[-1, -1], 1],
    [[1, -1], 4],
    [[-1, 1], 2048],
  ])(
    'lowbit.block_range keeps NaN wherever it stands, and in its block only: blocks %j',
    async (blocks, count) => {
      for (const at of [0, 3, 2047, 2048 + 77, 4 * 2048 - 1]) {
        const values = new Array<number>(4 * 2048).fill(1)
        values[at] = Number.NaN
        values[(at + 5) % values.length] = Number.POSITIVE_INFINITY
        values[(at + 6) % values.length] = Number.NEGATIVE_INFINITY
        for (const bounds of await rangeOf(tensor(values, [4, 2048]), { blocks, ...observed })) {
          expect(bounds.filter(Number.isNaN)).toHaveLength(1)
          expect(bounds).toHaveLength(count)
        }
      }
    },
  )

  test.each([[[2, 4]], [[1, 8, 4, 4]], [[2, 3, 1, 2]]])(
    'lowbit.block_range needs no minimum behind an operation that gives nothing below 0, and keeps NaN there: %j',
    async (shape) => {
      const blocks = shape.map(() => -1)
      const size = shape.reduce((a, b) => a * b, 1)
      for (const special of [7, 0.25, -3, Number.POSITIVE_INFINITY, Number.NaN]) {
        const values = Array.from({ length: size }, (_, i) => (i === size - 2 ? special : (i % 5) - 2))
        const y = tensor(values, shape).relu()
        const passed = await numbers(y)
        const bounds = passed.some(Number.isNaN) ? [[Number.NaN], [Number.NaN]] : [[0], [Math.max(...passed)]]
        expect(await rangeOf(y, { blocks, ...observed })).toEqual(bounds)
      }
      const zeros = tensor(new Array<number>(size).fill(-1), shape).relu()
      expect(await rangeOf(zeros, { blocks, ...observed })).toEqual([[0], [0]])
    },
  )

  test('lowbit.block_range refuses blocks without elements, and blocks that do not divide', () => {
    expect(() => recordAll(blockRange, [tensor([], [0, 4])], { blocks: [-1, -1], ...observed })).toThrow(
      new RangeError('Cannot record "lowbit.block_range": expected blocks with elements, got none in [0, 4]'),
    )
    expect(() => recordAll(blockRange, [tensor([1, 2, 3])], { blocks: [2], ...observed })).toThrow(
      new ShapeError(
        'Cannot record "lowbit.block_range": expected blocks that divide [3], got [2] (dimension 0)',
      ),
    )
  })
})
