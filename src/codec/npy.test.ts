import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toFloat32 } from '../tensor/to-float32.ts'
import { toTypedArray } from '../tensor/to-typed-array.ts'
import { openSource } from './byte-source.ts'
import { readNpy, readNpz } from './npy.ts'

// Written by NumPy: scripts/goldens/make_arrays_npz.py.
const GOLDEN = fileURLToPath(new URL('../../test/goldens/arrays.npz', import.meta.url))

function npy(header: string, data: readonly number[] = [], version = 1): Uint8Array {
  const text = new TextEncoder().encode(header)
  const length = version === 1 ? [text.length, 0] : [text.length, 0, 0, 0]
  return Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length, ...text, ...data)
}

describe('readNpz()', () => {
  it('reads what numpy.savez_compressed wrote, whatever its elements and order of axes', async () => {
    const arrays = await readNpz(await openSource(GOLDEN))
    const twelve = Array.from({ length: 12 }, (_, i) => i)
    const floats = (name: string) => Array.from(toFloat32(arrays.get(name) ?? expect.fail(name)))
    const integers = (name: string) => Array.from(toTypedArray(arrays.get(name) ?? expect.fail(name)), Number)
    expect(floats('float32')).toEqual(twelve.map((i) => i / 4))
    expect(floats('float64')).toEqual(twelve.map((i) => i / 8))
    expect(floats('float16')).toEqual(twelve.map((i) => i / 2))
    expect(integers('fortran')).toEqual(twelve)
    expect(integers('uint8')).toEqual(twelve)
    expect(integers('bool')).toEqual(twelve.map((i) => (i % 3 === 0 ? 1 : 0)))
    expect(integers('uint16')).toEqual(twelve.map((i) => i * 5000))
    expect(integers('uint32')).toEqual(twelve.map((i) => i * 300000000))
    expect(integers('scalar')).toEqual([7])
    expect(Array.from(arrays, ([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`)).toEqual([
      'float32 float32 [2,3,2]',
      'float64 float32 [2,3,2]',
      'float16 float16 [2,3,2]',
      'fortran int64 [2,3,2]',
      'uint8 uint8 [2,3,2]',
      'bool bool [2,3,2]',
      'uint16 int32 [2,3,2]',
      'uint32 int64 [2,3,2]',
      'scalar int32 []',
    ])
  })
})

describe('readNpy()', () => {
  const SOUND = "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }"

  it('reads every version of the header', () => {
    for (const version of [1, 2, 3])
      expect(readNpy(npy(SOUND, [1, 2, 3], version)).bytes).toEqual(Uint8Array.of(1, 2, 3))
  })

  it.each([
    ['no magic', new Uint8Array(20), "expected NumPy's magic bytes, got others (byte 0)"],
    ['no bytes', new Uint8Array(0), "expected NumPy's magic bytes, got others (byte 0)"],
    ['another version', npy(SOUND, [1, 2, 3], 4), 'expected version 1, 2 or 3, got 4 (byte 6)'],
    ['a cut header', npy(SOUND).subarray(0, 20), 'expected a header within 20 bytes, got 57 bytes (byte 8)'],
    ['a cut length', npy(SOUND, [], 2).subarray(0, 11), 'expected a header, got the end (byte 8)'],
    ['too little data', npy(SOUND, [1, 2]), 'expected 3 bytes of data, got 2 (byte 67)'],
    ['too much data', npy(SOUND, [1, 2, 3, 4]), 'expected 3 bytes of data, got 4 (byte 67)'],
    ['big-endian elements', npy(SOUND.replace('|u1', '>f4')), 'got ">f4" (descr)'],
    ['pickled objects', npy(SOUND.replace('|u1', '|O')), 'got "|O" (descr)'],
    ['a name of Object', npy(SOUND.replace('|u1', 'constructor')), 'got "constructor" (descr)'],
    ['no dict', npy('hello'), 'expected a header with descr, fortran_order and shape, got hello (byte 10)'],
    ['huge sizes', npy(SOUND.replace('(3,)', '(9007199254740993, 4)')), 'got (9007199254740993, 4) (shape)'],
    ['a product that overflows', npy(SOUND.replace('(3,)', '(4294967296, 4294967296)')), '(shape)'],
  ])('rejects %s', (_, bytes, message) => {
    expect(() => readNpy(bytes, 'x.npy')).toThrow(message)
    expect(() => readNpy(bytes, 'x.npy')).toThrow(expect.objectContaining({ name: 'FormatError' }))
  })
})
