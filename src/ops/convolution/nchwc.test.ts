import { describe, expect, test } from 'vitest'
import { flippedOrder, paddedChannels } from './nchwc.ts'

describe('paddedChannels()', () => {
  test('paddedChannels() fills up the last block', () => {
    expect([1, 8, 9, 16, 20].map((channels) => paddedChannels(channels, 8))).toEqual([8, 8, 16, 16, 24])
  })
})

describe('flippedOrder()', () => {
  // [filters, channels, taps, block]
  const SIZES: readonly (readonly [number, number, number, number])[] = [
    [8, 8, 9, 8],
    [16, 8, 4, 8],
    [8, 24, 3, 8],
    [32, 16, 9, 16],
    [16, 32, 1, 16],
  ]

  test.each(SIZES)(
    'flippedOrder() finds the rows of a flipped filter: %i x %i x %i in blocks of %i',
    (o, i, taps, block) => {
      const order = flippedOrder(o, i, taps, block)
      // The rows of a reordered weight [O, I / block, tap], each the weight's values for the input channels of a block, by their positions.
      const rows = Array.from({ length: (o * i * taps) / block }, (_, row) => {
        const tap = row % taps
        const inner = Math.floor(row / taps) % (i / block)
        const filter = Math.floor(row / taps / (i / block))
        return Array.from({ length: block }, (_, lane) => (filter * i + inner * block + lane) * taps + tap)
      })
      const found = Array.from(order, (row) => rows[row] ?? [])
      // A filter [I, O, tap] in blocks: [I / block, O / block, tap, O in block, I in block].
      const expected: number[][] = []
      for (let inner = 0; inner < i / block; inner++) {
        for (let outer = 0; outer < o / block; outer++) {
          for (let tap = 0; tap < taps; tap++) {
            for (let lane = 0; lane < block; lane++) {
              const filter = outer * block + lane
              const row = Array.from(
                { length: block },
                (_, c) => (filter * i + inner * block + c) * taps + taps - 1 - tap,
              )
              expected.push(row)
            }
          }
        }
      }
      expect(found).toEqual(expected)
    },
  )
})
