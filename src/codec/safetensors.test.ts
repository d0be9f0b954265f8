import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dtypeInfo } from '../tensor/dtype.ts'
import { fromValues } from '../tensor/from-values.ts'
import { byteLength, HostArray } from '../tensor/host-array.ts'
import { toTypedArray } from '../tensor/to-typed-array.ts'
import { FormatError } from './format-error.ts'
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from './safetensors.ts'

/** A file with this header text, whatever its length claims, and `dataBytes` bytes of data. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + json.byteLength + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(json.byteLength), true)
  file.set(json, 8)
  return file
}

function withLength(length: bigint, file: Uint8Array): Uint8Array {
  new DataView(file.buffer).setBigUint64(0, length, true)
  return file
}

function entry(dtype: string, shape: string, offsets: string): string {
  return `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`
}

const supported = [
  'bool',
  'float4_e2m1fn_x2',
  'uint8',
  'int8',
  'float8_e5m2',
  'float8_e4m3fn',
  'float8_e8m0fnu',
  'int16',
  'float16',
  'bfloat16',
  'int32',
  'float32',
  'int64',
] as const

describe('writeSafetensors()', () => {
  // The file that safetensors 0.8.0 (Python, serialize()) makes of the same tensors and metadata.
  it('writeSafetensors() makes the bytes that the format’s own library makes', () => {
    const tensors = new Map([
      ['w', fromValues('float32', [2, 1], [1.5, -2])],
      ['b', fromValues('int8', [3], [1, -1, 5])],
      ['h', fromValues('float16', [], [0.5])],
    ])
    const expected =
      '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},' +
      '"h":{"dtype":"F16","shape":[],"data_offsets":[8,10]},"b":{"dtype":"I8","shape":[3],"data_offsets":[10,13]}}'
    const file = writeSafetensors(tensors, new Map([['format', 'pt']]))
    const headerBytes = Math.ceil(expected.length / 8) * 8
    expect(new TextDecoder().decode(file.subarray(8, 8 + headerBytes))).toBe(expected.padEnd(headerBytes))
    expect(Array.from(file.subarray(0, 8))).toEqual([headerBytes, 0, 0, 0, 0, 0, 0, 0])
    expect(Array.from(file.subarray(8 + headerBytes))).toEqual([
      0, 0, 192, 63, 0, 0, 0, 192, 0, 56, 1, 255, 5,
    ])
  })

  it.each([
    [
      fromValues('int4', [2], [1, 2]),
      'Cannot write safetensors "x": expected a dtype of the format, got int4\n' +
        'Hint: store its packed bytes as uint8 and its dtype in the metadata',
    ],
    [
      fromValues('float4_e2m1fn_x2', [3], [1, 2, 3]),
      'Cannot write safetensors "x": expected an even number of 4-bit elements, got 3 of shape [3]',
    ],
  ])('writeSafetensors() rejects what the format cannot hold (%#)', (array, message) => {
    expect(() => writeSafetensors([['x', array]])).toThrow(message)
    expect(() => writeSafetensors([['x', array]])).toThrow(FormatError)
  })

  it('writeSafetensors() rejects a name that comes twice or is reserved', () => {
    const array = fromValues('uint8', [1], [1])
    expect(() =>
      writeSafetensors([
        ['x', array],
        ['x', array],
      ]),
    ).toThrow('Cannot write safetensors "x": expected every name once, got it again')
    expect(() => writeSafetensors([['__metadata__', array]])).toThrow(
      'Cannot write safetensors "__metadata__": expected a name that the format has not reserved, got this one',
    )
  })
})

describe('readSafetensors()', () => {
  const tensor = fc
    .tuple(fc.constantFrom(...supported), fc.array(fc.nat({ max: 4 }), { maxLength: 3 }))
    .map(([dtype, shape]) => ({ dtype, shape: dtypeInfo(dtype).bits === 4 ? [...shape, 2] : shape }))
    .chain(({ dtype, shape }) => {
      const length = byteLength(dtype, shape)
      const bytes = fc.uint8Array({ minLength: length, maxLength: length })
      return bytes.map((data) => new HostArray(dtype, shape, data))
    })
  const name = fc.string({ unit: 'binary' }).filter((text) => text !== '__metadata__')

  it('readSafetensors() gives back what writeSafetensors() wrote', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor), { maxLength: 6 }), (pairs) => {
        const tensors = new Map(pairs)
        const read = readSafetensors(writeSafetensors(tensors))
        expect(read.size).toBe(tensors.size)
        for (const [key, array] of tensors) expect(read.get(key)).toEqual(array)
      }),
    )
  })

  it('readSafetensors() takes __proto__ and the empty string as names', () => {
    const file = writeSafetensors([
      ['__proto__', fromValues('uint8', [1], [7])],
      ['', fromValues('uint8', [1], [8])],
    ])
    expect(Array.from(readSafetensors(file), ([key, array]) => [key, ...array.bytes])).toEqual([
      ['', 8],
      ['__proto__', 7],
    ])
  })

  it('readSafetensors() reads data that is not aligned', () => {
    const file = fileOf(`{"a":${entry('F32', '[1]', '[0,4]')}}`, 4)
    file.set([0, 0, 192, 63], file.byteLength - 4)
    const array = readSafetensors(file).get('a')
    expect(array !== undefined && toTypedArray(array)).toEqual(Float32Array.of(1.5))
  })

  it('readSafetensors() gives views of the bytes it read', () => {
    const file = writeSafetensors([['a', fromValues('int32', [1], [1])]])
    expect(readSafetensors(file).get('a')?.bytes.buffer).toBe(file.buffer)
  })

  it('readSafetensors() never fails otherwise than with a FormatError', () => {
    const sound = writeSafetensors([
      ['a', fromValues('int32', [2], [1, 2])],
      ['b', fromValues('bool', [1], [1])],
    ])
    fc.assert(
      fc.property(fc.nat(sound.byteLength - 1), fc.nat(255), fc.nat(sound.byteLength), (at, byte, size) => {
        const damaged = sound.slice(0, size)
        damaged[at] = byte
        try {
          readSafetensors(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), '"header length": expected 8 bytes, got a file of 0 bytes (byte 0)'],
    [
      'a header cut short',
      fileOf('{}').subarray(0, 9),
      '"header": expected 2 bytes as declared, got 1 in the file (byte 8)',
    ],
    [
      'a header of 200 MB',
      withLength(200_000_000n, fileOf('{}')),
      '"header length": expected at most 100000000 bytes, got 200000000 declared (byte 0)',
    ],
    [
      'a header of 2^64 - 1 bytes',
      withLength(2n ** 64n - 1n, fileOf('{}')),
      '"header length": expected at most 100000000 bytes, got 18446744073709551615 declared (byte 0)',
    ],
    ['a header that is no JSON', fileOf('{"a"'), '"JSON": expected ":", got the end (byte 12)'],
    ['a header that is an array', fileOf('[]'), '"header": expected a JSON object, got an array (byte 8)'],
    [
      'a name that comes twice',
      fileOf(`{"a":${entry('U8', '[0]', '[0,0]')},"a":${entry('U8', '[0]', '[0,0]')}}`),
      '"JSON": expected every key once, got "a" again (byte 61)',
    ],
    [
      'a tensor that is a number',
      fileOf('{"a":3}'),
      '"a": expected a JSON object, got the number 3 (byte 13)',
    ],
    [
      'a tensor without a dtype',
      fileOf('{"a":{"shape":[],"data_offsets":[0,1]}}', 1),
      '"a": expected an entry with "dtype", got one without (byte 13)',
    ],
    [
      'a dtype that lowbit has not',
      fileOf(`{"a":${entry('F64', '[1]', '[0,8]')}}`, 8),
      '"a": expected a dtype of BOOL, F4, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, I16, F16, BF16, I32, F32, I64, got F64 (byte 22)',
    ],
    [
      'a dtype that is null',
      fileOf('{"a":{"dtype":null,"shape":[],"data_offsets":[0,1]}}', 1),
      '"a": expected a dtype name, got null (byte 22)',
    ],
    [
      'a negative dimension',
      fileOf(`{"a":${entry('U8', '[2,-1]', '[0,2]')}}`, 2),
      '"a": expected a shape of whole numbers, got -1 (byte 38)',
    ],
    [
      'a fractional dimension',
      fileOf(`{"a":${entry('U8', '[1.5]', '[0,2]')}}`, 2),
      '"a": expected a shape of whole numbers, got 1.5 (byte 36)',
    ],
    [
      'a shape that is a string',
      fileOf(`{"a":${entry('U8', '"2"', '[0,2]')}}`, 2),
      '"a": expected a shape of whole numbers, got the string "2" (byte 35)',
    ],
    [
      'a shape whose product overflows',
      fileOf(`{"a":${entry('U8', '[4294967296,4294967296]', '[0,0]')}}`),
      '"a": expected 18446744073709552000 bytes for uint8 of shape [4294967296, 4294967296], got 0 between the data_offsets (byte 74)',
    ],
    [
      'one data offset',
      fileOf(`{"a":${entry('U8', '[1]', '[1]')}}`, 1),
      '"a": expected data_offsets [begin, end] with begin <= end, got [1] (byte 54)',
    ],
    [
      'data offsets that go back',
      fileOf(`{"a":${entry('U8', '[1]', '[2,1]')}}`, 2),
      '"a": expected data_offsets [begin, end] with begin <= end, got [2, 1] (byte 54)',
    ],
    [
      'a size that is not that of the shape',
      fileOf(`{"a":${entry('F16', '[3]', '[0,4]')}}`, 4),
      '"a": expected 6 bytes for float16 of shape [3], got 4 between the data_offsets (byte 55)',
    ],
    [
      'half a byte',
      fileOf(`{"a":${entry('F4', '[3]', '[0,2]')}}`, 2),
      '"a": expected a whole number of bytes, got 12 bits of float4_e2m1fn_x2 of shape [3] (byte 54)',
    ],
    [
      'data cut short',
      fileOf(`{"a":${entry('F32', '[2]', '[0,8]')}}`, 5),
      '"a": expected data up to byte 70 as declared, got a file of 67 bytes (byte 13)',
    ],
    [
      'tensors that overlap',
      fileOf(`{"a":${entry('U8', '[4]', '[0,4]')},"b":${entry('U8', '[4]', '[2,6]')}}`, 6),
      '"b": expected data from byte 117 on, got an overlap from byte 115 on (byte 65)',
    ],
    [
      'a gap between tensors',
      fileOf(`{"a":${entry('U8', '[1]', '[0,1]')},"b":${entry('U8', '[1]', '[2,3]')}}`, 3),
      '"b": expected data from byte 114 on, got a gap up to byte 115 (byte 65)',
    ],
    [
      'bytes after the last tensor',
      fileOf(`{"a":${entry('U8', '[1]', '[0,1]')}}`, 3),
      '"data": expected the end of the file after the last tensor, got 2 more bytes (byte 62)',
    ],
    [
      'metadata that is no text',
      fileOf('{"__metadata__":{"n":1}}'),
      '"__metadata__": expected a string for "n", got the number 1 (byte 29)',
    ],
  ])('readSafetensors() rejects %s', (_, file, message) => {
    expect(messageOf(() => readSafetensors(file))).toBe(`FormatError: Cannot read safetensors ${message}`)
  })
})

describe('readSafetensorsMetadata()', () => {
  it('readSafetensorsMetadata() gives the free text entries', () => {
    const file = writeSafetensors(
      [],
      new Map([
        ['format', 'pt'],
        ['__proto__', 'ß'],
      ]),
    )
    expect(Array.from(readSafetensorsMetadata(file))).toEqual([
      ['format', 'pt'],
      ['__proto__', 'ß'],
    ])
    expect(readSafetensorsMetadata(writeSafetensors([])).size).toBe(0)
  })
})

function messageOf(read: () => unknown): string {
  try {
    read()
    return 'no error'
  } catch (error) {
    return String(error)
  }
}
