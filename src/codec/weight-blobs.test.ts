import { describe, expect, test } from 'vitest'
import { WeightBlobs } from './weight-blobs.ts'

function fileOf(blobs: WeightBlobs): DataView {
  return new DataView(Uint8Array.from([...blobs.pieces()].flatMap((piece) => [...piece])).buffer)
}

describe('WeightBlobs', () => {
  test('WeightBlobs begins with the number of blobs and version 2', () => {
    const blobs = new WeightBlobs()
    blobs.add('int8', Uint8Array.of(1))
    const file = fileOf(blobs)
    expect([file.getUint32(0, true), file.getUint32(4, true), blobs.count]).toEqual([1, 2, 1])
  })

  test('WeightBlobs puts metadata and data of each blob at multiples of 64', () => {
    const blobs = new WeightBlobs()
    const offsets = [
      blobs.add('float32', new Uint8Array(72).fill(7)),
      blobs.add('int4', Uint8Array.of(0x21, 3), 4),
    ]
    expect(offsets).toEqual([64, 64 + 64 + 128])
    const file = fileOf(blobs)
    expect(file.byteLength).toBe(256 + 64 + 2)
    expect(file.getUint32(256, true)).toBe(0xdeadbeef)
    expect(file.getUint32(260, true)).toBe(8)
    expect([264, 272, 280].map((at) => file.getBigUint64(at, true))).toEqual([2n, 320n, 4n])
    expect([file.getUint8(320), file.getUint8(321)]).toEqual([0x21, 3])
  })
})
