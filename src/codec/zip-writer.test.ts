import { expect, test } from 'vitest'
import { crc32 } from './crc32.ts'
import { zipPieces } from './zip-writer.ts'

function joined(pieces: Iterable<Uint8Array>): Uint8Array {
  return Uint8Array.from([...pieces].flatMap((piece) => [...piece]))
}

test('zipPieces() stores files as they are, each at a multiple of 64 bytes', () => {
  const files = [
    { name: 'a/first', bytes: Uint8Array.of(1, 2, 3) },
    { name: 'a/empty', bytes: new Uint8Array() },
    { name: 'a/last', bytes: Uint8Array.from({ length: 100 }, (_, i) => i) },
  ]
  const archive = joined(zipPieces(files))
  const view = new DataView(archive.buffer)
  const end = archive.length - 22
  expect([view.getUint32(end, true), view.getUint16(end + 10, true)]).toEqual([0x06054b50, 3])
  let at = view.getUint32(end + 16, true)
  for (const { name, bytes } of files) {
    expect(view.getUint32(at, true)).toBe(0x02014b50)
    expect(view.getUint32(at + 16, true)).toBe(crc32(bytes))
    const local = view.getUint32(at + 42, true)
    const payload = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
    expect(payload % 64).toBe(0)
    expect(archive.subarray(payload, payload + bytes.length)).toEqual(bytes)
    expect(new TextDecoder().decode(archive.subarray(at + 46, at + 46 + name.length))).toBe(name)
    at += 46 + name.length
  }
  expect(at).toBe(end)
})

test('zipPieces() gives the same archive for the same files', () => {
  const files = [{ name: 'x', bytes: Uint8Array.of(7) }]
  expect(joined(zipPieces(files))).toEqual(joined(zipPieces(files)))
})
