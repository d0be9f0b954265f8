import type { DType } from '../tensor/dtype.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import { HostArray } from '../tensor/host-array.ts'
import { type Shape, sizeOf } from '../tensor/shape.ts'
import type { ByteSource } from './byte-source.ts'
import { FormatError, type FormatProblem } from './format-error.ts'
import { readStrided } from './strided.ts'
import { ZipArchive } from './zip-archive.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** What headers of arrays of plain elements never come near. */
const MAX_HEADER_BYTES = 65_536
const MAX_RANK = 32

/** NumPy's names of little-endian elements. float64 is rounded to float32, and uint16 and uint32 widen. */
const DTYPES: Readonly<Record<string, DType | 'float64' | 'uint16' | 'uint32'>> = {
  '<f4': 'float32',
  '<f8': 'float64',
  '<f2': 'float16',
  '<i8': 'int64',
  '<i4': 'int32',
  '<i2': 'int16',
  '|i1': 'int8',
  '|u1': 'uint8',
  '<u2': 'uint16',
  '<u4': 'uint32',
  '|b1': 'bool',
}

/**
 * Reads an array that `numpy.save` wrote (`.npy`, versions 1 to 3): little-endian numbers and booleans in either order of axes. float64 is rounded to float32;
 * uint16 becomes int32 and uint32 int64. Pickled objects are not read.
 *
 * @param subject what messages call it
 * @throws FormatError for what is no such file
 */
export function readNpy(bytes: Uint8Array, subject: string = 'file'): HostArray {
  const { descr, isFortran, shape, dataOffset } = readHeader(bytes, subject)
  const stored = Object.hasOwn(DTYPES, descr) ? DTYPES[descr] : undefined
  if (stored === undefined) {
    fail({
      subject,
      expected: `elements ${Object.keys(DTYPES).join(', ')}`,
      got: `"${descr}"`,
      where: 'descr',
    })
  }
  const width = Number(descr.slice(2))
  const data = bytes.slice(dataOffset)
  const expected = shape.reduce((product, size) => product * size, width)
  if (data.byteLength !== expected) {
    fail({ subject, expected: `${expected} bytes of data`, got: `${data.byteLength}`, offset: dataOffset })
  }
  const order = isFortran ? columnMajor(shape) : undefined
  return widened(data, stored, shape, order)
}

/**
 * Reads the arrays that `numpy.savez` or `numpy.savez_compressed` wrote (`.npz`), by name.
 * @throws FormatError for what is no such file
 */
export async function readNpz(source: ByteSource): Promise<Map<string, HostArray>> {
  const archive = await ZipArchive.open(source)
  const arrays = new Map<string, HostArray>()
  for (const entry of archive.names) {
    if (!entry.endsWith('.npy'))
      fail({ subject: entry, expected: 'an entry that ends in .npy', got: 'another' })
    arrays.set(entry.slice(0, -'.npy'.length), readNpy(await archive.read(entry), entry))
  }
  return arrays
}

interface Header {
  readonly descr: string
  readonly isFortran: boolean
  readonly shape: Shape
  readonly dataOffset: number
}

function readHeader(bytes: Uint8Array, subject: string): Header {
  if (bytes.byteLength < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    fail({ subject, expected: "NumPy's magic bytes", got: 'others', offset: 0 })
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = bytes[6] ?? 0
  if (version < 1 || version > 3)
    fail({ subject, expected: 'version 1, 2 or 3', got: `${version}`, offset: 6 })
  const begin = version === 1 ? 10 : 12
  if (bytes.byteLength < begin) fail({ subject, expected: 'a header', got: 'the end', offset: 8 })
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER_BYTES || begin + length > bytes.byteLength)
    fail({
      subject,
      expected: `a header within ${bytes.byteLength} bytes`,
      got: `${length} bytes`,
      offset: 8,
    })
  const text = new TextDecoder('utf-8').decode(bytes.subarray(begin, begin + length))
  return { ...parseHeader(text, subject, begin), dataOffset: begin + length }
}

/** The header is a Python dict: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`. */
function parseHeader(text: string, subject: string, offset: number): Omit<Header, 'dataOffset'> {
  const descr = /'descr': *'([^']*)'/.exec(text)?.[1]
  const order = /'fortran_order': *(True|False)/.exec(text)?.[1]
  const sizes = /'shape': *\(([\d, ]*)\)/.exec(text)?.[1]
  if (descr === undefined || order === undefined || sizes === undefined) {
    fail({ subject, expected: 'a header with descr, fortran_order and shape', got: text.trim(), offset })
  }
  const shape = sizes
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(Number)
  if (shape.length > MAX_RANK || !shape.every(Number.isSafeInteger) || !Number.isSafeInteger(sizeOf(shape)))
    fail({ subject, expected: `at most ${MAX_RANK} sizes`, got: `(${sizes})`, where: 'shape' })
  return { descr, isFortran: order === 'True', shape }
}

/** Strides of an array whose first axis varies fastest. */
function columnMajor(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(0, axis)))
}

function widened(
  data: Uint8Array<ArrayBuffer>,
  stored: DType | 'float64' | 'uint16' | 'uint32',
  shape: Shape,
  strides: readonly number[] | undefined,
): HostArray {
  const count = sizeOf(shape)
  const flat =
    stored === 'float64'
      ? fromTypedArray(Float32Array.from(new Float64Array(data.buffer, 0, count)), [count])
      : stored === 'uint16'
        ? fromTypedArray(Int32Array.from(new Uint16Array(data.buffer, 0, count)), [count])
        : stored === 'uint32'
          ? fromTypedArray(BigInt64Array.from(Array.from(new Uint32Array(data.buffer, 0, count), BigInt)), [
              count,
            ])
          : new HostArray(stored, [count], data)
  if (strides === undefined) return new HostArray(flat.dtype, shape, flat.bytes)
  return readStrided(flat.bytes, { dtype: flat.dtype, shape, strides, offset: 0 })
}

function fail(problem: FormatProblem): never {
  throw new FormatError('npy', problem)
}
