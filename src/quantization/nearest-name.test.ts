import { expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

test.each([
  ['granularty', 'granularity'],
  ['granulraity', 'granularity'],
  ['DTYPE', 'dtype'],
  ['qshceme', 'qscheme'],
])('nearestName() takes %s for %s', (name, expected) => {
  expect(nearestName(name, ['dtype', 'granularity', 'qscheme'])).toBe(expected)
})

test('nearestName() gives nothing for a name that is like none, and for one that is too long', () => {
  expect(nearestName('weight', ['dtype', 'granularity'])).toBeUndefined()
  expect(nearestName('ab', ['cd'])).toBeUndefined()
  expect(nearestName('x'.repeat(1000), ['dtype'])).toBeUndefined()
})
