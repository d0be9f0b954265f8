import { describe, expect, it } from 'vitest'
import { byteLength, HostArray } from './host-array.ts'

describe('HostArray', () => {
  it('HostArray rejects bytes of another length', () => {
    expect(() => new HostArray('float32', [2, 3], new Uint8Array(20))).toThrow(
      new RangeError('Cannot make a "float32" array of shape [2, 3]: expected 24 bytes, got 20'),
    )
  })
})

describe('byteLength()', () => {
  it('byteLength() packs elements below eight bits over the whole array', () => {
    expect(byteLength('int4', [3, 3])).toBe(5)
    expect(byteLength('uint2', [5])).toBe(2)
    expect(byteLength('int64', [])).toBe(8)
  })
})
