import { describe, expect, it } from 'vitest'
import { batchCount, contentLine, sizeRatio } from './content-line.ts'

describe('contentLine()', () => {
  it('parts a file into its tensors and what is around them', () => {
    const file = { path: 'm.onnx', backend: 'onnx', sizeBytes: 1000, contentBytes: 980, sizes: [] }
    expect(contentLine(file)).toBe('Of its 1.00 kB, 980 B are tensors, 20 B (2.0%) graph, names and headers')
  })
})

describe('sizeRatio()', () => {
  it('says loudly when a file has grown', () => {
    expect(sizeRatio(400, 100)).toBe('4.00 times smaller')
    expect(sizeRatio(100, 125)).toBe('1.25 times LARGER')
  })
})

describe('batchCount()', () => {
  it('counts one in the singular', () => {
    expect([batchCount(1), batchCount(2)]).toEqual(['1 batch', '2 batches'])
  })
})
