import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseSamples } from './choose-samples.ts'

test('chooseSamples() wants as many as it counts, the first among them, whatever the numbers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (total, samples, size) => {
        const { count, isWanted } = chooseSamples(total, samples, size)
        const wanted = Array.from({ length: total }, (_, i) => i).filter(isWanted)
        expect([wanted.length, wanted[0]]).toEqual([count, 0])
        expect(count).toBe(Math.min(total, samples * size))
      },
    ),
  )
})

test('chooseSamples() takes 256 where nobody says how many', () => {
  expect(chooseSamples(10_000, undefined, 8).count).toBe(256)
})
