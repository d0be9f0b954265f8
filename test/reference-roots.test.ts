import { expect, test } from 'vitest'
import { referenceRoot, varianceWithReferenceRoot } from '../conformance/families/reference-roots.ts'

/** Bits of sums of a variance and eps, and of their roots, from trace.safetensors of the golden graphs. */
const RECORDED: readonly (readonly [sum: number, root: number])[] = [
  [0x3f35b2d2, 0x3f57ac46],
  [0x3f89f5ac, 0x3f84e2f5],
  [0x3f647c1d, 0x3f71d9f7],
  [0x3f1c77c7, 0x3f4823b0],
  [0x3fa84c30, 0x3f92c5b2],
  [0x3f8f125c, 0x3f875381],
  [0x3fbbb27c, 0x3f9b0033],
  [0x3faadeae, 0x3f93e3be],
  [0x3f9b7b86, 0x3f8d12d8],
  [0x3f03248e, 0x3f373a68],
  [0x3f8878c4, 0x3f842b02],
  [0x3f6f9da6, 0x3f77ac26],
  [0x3f110794, 0x3f40af68],
  [0x3fb0386e, 0x3f962ff1],
  [0x3fa302aa, 0x3f9072c8],
  [0x3f340de8, 0x3f56b1e6],
  [0x3f18599e, 0x3f457d00],
  [0x3f09f727, 0x3f3bef15],
  [0x3fa79f06, 0x3f927a1d],
  [0x3f83fe18, 0x3f81fb1f],
  [0x3f9d7428, 0x3f8df70e],
  [0x3f382ad3, 0x3f592219],
  [0x3f11db61, 0x3f413be7],
  [0x3f402aef, 0x3f5dcca0],
]

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function numberOf(pattern: number): number {
  bits[0] = pattern
  return float[0] ?? Number.NaN
}

test('referenceRoot() gives the recorded roots to the last bit, those that are not rounded correctly too', () => {
  const roots = RECORDED.map(([sum]) => referenceRoot(numberOf(sum)))
  expect(roots).toEqual(RECORDED.map(([, root]) => numberOf(root)))
  const rounded = RECORDED.filter(([sum, root]) => Math.fround(Math.sqrt(numberOf(sum))) === numberOf(root))
  expect(rounded.length).toBeLessThan(RECORDED.length)
})

test('varianceWithReferenceRoot() moves a variance by so little that its rounded root is the recorded one', () => {
  for (const [sum] of RECORDED) {
    const variance = Math.fround(numberOf(sum) - Math.fround(1e-5))
    const wanted = referenceRoot(Math.fround(variance + Math.fround(1e-5)))
    const moved = varianceWithReferenceRoot(variance, 1e-5)
    expect(Math.abs(moved / variance - 1)).toBeLessThan(5e-7)
    expect(Math.fround(Math.sqrt(Math.fround(moved + Math.fround(1e-5))))).toBe(wanted)
  }
})

test('varianceWithReferenceRoot() refuses a variance that has no root', () => {
  expect(() => varianceWithReferenceRoot(Number.NaN, 1e-5)).toThrow(
    'Cannot find a variance: expected one near NaN with the root NaN, got NaN',
  )
})
