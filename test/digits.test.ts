import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { type DigitSet, type Digits, loadDigits } from '../examples/digits/data.ts'

const FILE = new URL('../data/digits.bin.gz', import.meta.url)

describe('loadDigits()', () => {
  let digits: Digits
  beforeAll(async () => {
    digits = await loadDigits()
  })

  it('splits the digits into 8,000 to train on and 2,000 to test on', () => {
    for (const [set, count] of [
      [digits.train, 8000],
      [digits.test, 2000],
    ] as const) {
      expect([set.count, set.labels.length, set.images.length]).toEqual([count, count, count * 784])
    }
  })

  it('keeps every digit of the file', () => {
    const train = countClasses(digits.train)
    const test = countClasses(digits.test)
    const all = train.map((count, digit) => count + (test[digit] ?? 0))
    expect(all).toEqual([1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978])
  })

  it('gives each digit a fair share of the test set', () => {
    for (const count of countClasses(digits.test)) {
      expect(count).toBeGreaterThan(150)
      expect(count).toBeLessThan(250)
    }
  })

  it('puts no image into both sets', () => {
    const trained = new Set(imagesOf(digits.train).map(String))
    expect(trained.size).toBe(8000)
    expect(imagesOf(digits.test).filter((image) => trained.has(String(image)))).toEqual([])
  })

  it('scales grey levels to 0..1', () => {
    const levels = new Set(digits.test.images)
    expect(Math.min(...levels)).toBe(0)
    expect(Math.max(...levels)).toBe(1)
    for (const value of levels) expect(Math.fround(Math.round(value * 255) / 255)).toBe(value)
  })

  it('pairs images with their labels: a nearest-mean classifier is right on three of four', () => {
    const means = classMeans(digits.train)
    const right = imagesOf(digits.test).filter(
      (image, index) => nearest(means, image) === digits.test.labels[index],
    )
    expect(right.length / 2000).toBeGreaterThan(0.75)
  })

  it('makes the same split each time, also from bytes that it is given', async () => {
    const again = await loadDigits(await readFile(FILE))
    expect(again.test.labels).toEqual(digits.test.labels)
    expect(Buffer.from(again.test.images.buffer).equals(Buffer.from(digits.test.images.buffer))).toBe(true)
  })

  it('rejects other data', async () => {
    const stream = new Blob([new Uint8Array(100)]).stream().pipeThrough(new CompressionStream('gzip'))
    const other = new Uint8Array(await new Response(stream).arrayBuffer())
    await expect(loadDigits(other)).rejects.toThrow(
      new RangeError(
        'Cannot read "digits.bin.gz": expected a header and images of 28x28 pixels, got 100 other bytes',
      ),
    )
  })
})

function countClasses(set: DigitSet): number[] {
  const counts = new Array<number>(10).fill(0)
  for (const label of set.labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

function imagesOf(set: DigitSet): Float32Array[] {
  return Array.from({ length: set.count }, (_, index) => set.images.subarray(index * 784, (index + 1) * 784))
}

function classMeans(set: DigitSet): Float32Array[] {
  const counts = countClasses(set)
  const means = counts.map(() => new Float32Array(784))
  for (const [index, image] of imagesOf(set).entries()) {
    const digit = set.labels[index] ?? 0
    means[digit]?.forEach((sum, pixel, mean) => {
      mean[pixel] = sum + (image[pixel] ?? 0) / (counts[digit] ?? 1)
    })
  }
  return means
}

function nearest(means: readonly Float32Array[], image: Float32Array): number {
  const distances = means.map((mean) => mean.reduce((sum, m, i) => sum + (m - (image[i] ?? 0)) ** 2, 0))
  return distances.indexOf(Math.min(...distances))
}
