import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { recordAll, type Tensor } from '../../engine/tensor.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { histogram } from './histogram.ts'

/** Counts and widths of tensors that come one after the other. */
async function count(batches: readonly Tensor[], blocks: readonly number[], bins = 4) {
  let state: (Tensor | null)[] = [null, null]
  for (const batch of batches) state = recordAll(histogram, [batch, ...state], { blocks, bins })
  const [counts, width] = state
  return {
    counts: counts ? Array.from(await counts.data(), Number) : [],
    width: width ? await numbers(width) : [],
  }
}

describe('lowbit.histogram', () => {
  test('lowbit.histogram counts magnitudes in bins of a power of two, the negative ones mirrored', async () => {
    // The bins reach 4 * 2: the smallest power of two beyond 5.
    expect(await count([tensor([0, -0, 1.9, 2, 5, -0.1, -1.9, -2, -5])], [-1])).toEqual({
      counts: [0, 1, 1, 2, 3, 1, 1, 0],
      width: [2],
    })
  })

  test('lowbit.histogram adds neighbouring bins up where a larger magnitude comes', async () => {
    expect(await count([tensor([0, 1, 2, 3, -1, -2]), tensor([4])], [-1])).toEqual({
      counts: [0, 0, 1, 1, 2, 2, 1, 0],
      width: [2],
    })
    expect(await count([tensor([3, -3]), tensor([2 ** 100])], [-1])).toEqual({
      counts: [0, 0, 0, 1, 1, 0, 1, 0],
      width: [2 ** 99],
    })
  })

  test('lowbit.histogram gives a row to each block', async () => {
    const x = tensor([1, 2, 3, 40, 5, 6], [3, 2])
    expect(await count([x], [-1, 1])).toEqual({
      counts: [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 2, 0, 1, 0],
      width: [2, 16],
    })
    expect((await count([x], [1, 1])).width).toEqual([0.5, 1, 1, 16, 2, 2])
  })

  test('lowbit.histogram passes over what is not finite', async () => {
    const odd = tensor([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1])
    expect(await count([odd, odd], [-1])).toEqual({ counts: [0, 2, 0, 0, 0, 0, 2, 0], width: [0.5] })
    expect((await count([tensor([Number.NaN])], [-1])).counts).toEqual(new Array(8).fill(0))
  })

  test('lowbit.histogram counts what no bin could be narrow enough for as 0', async () => {
    const tiny = [0, 1e-45, -1e-45, 1.2e-38]
    expect(await count([tensor(tiny)], [-1])).toEqual({
      counts: [0, 0, 0, 1, 2, 1, 0, 0],
      width: [2 ** -126],
    })
    expect((await count([tensor(tiny), tensor([1])], [-1])).counts).toEqual([0, 0, 0, 1, 3, 0, 1, 0])
  })

  test('lowbit.histogram depends on the values alone, not on how they are grouped and ordered', async () => {
    const value = fc.oneof(fc.float(), fc.float({ min: -1, max: 1 }), fc.constantFrom(0, -0, 1e-45, -1e-45))
    const batches = fc.array(fc.array(value, { minLength: 6, maxLength: 6 }), { minLength: 2, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(batches, async (list) => {
        const grouped = await count(
          list.map((values) => tensor(values)),
          [-1],
          16,
        )
        expect(await count([tensor(list.flat())], [-1], 16)).toEqual(grouped)
        expect(
          await count(
            list.toReversed().map((values) => tensor(values)),
            [-1],
            16,
          ),
        ).toEqual(grouped)
      }),
      { numRuns: 100 },
    )
  })

  test('lowbit.histogram refuses counts of another number of blocks', () => {
    const [counts = null, width = null] = recordAll(histogram, [tensor([1, 2])], { blocks: [-1], bins: 4 })
    expect(() => recordAll(histogram, [tensor([1, 2]), counts, width], { blocks: [1], bins: 4 })).toThrow(
      new ShapeError('Cannot record "lowbit.histogram": expected counts of shape [2, 8], got [1, 8]'),
    )
  })
})
