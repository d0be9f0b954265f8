import { HostArray } from '../tensor/host-array.ts'
import { FormatError } from './format-error.ts'
import { safetensorsDType } from './safetensors-dtypes.ts'
import { METADATA_KEY, readSafetensorsHeader } from './safetensors-header.ts'

/**
 * Reads the tensors of a safetensors file, in the order of its header. Their bytes are views of `bytes`, not copies. All dtypes of
 * the format are read that lowbit has: BOOL, U8, I8, I16, I32, I64, F32, F16, BF16, F8_E4M3, F8_E5M2, F8_E8M0 and F4 (whose
 * shapes count single values, two to a byte).
 *
 * @throws FormatError when anything in the file contradicts the format, before any tensor is returned
 */
export function readSafetensors(bytes: Uint8Array): Map<string, HostArray> {
  const { entries } = readSafetensorsHeader(bytes)
  const { buffer, byteOffset } = bytes
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      new HostArray(dtype, shape, new Uint8Array(buffer, byteOffset + begin, end - begin)),
    ]),
  )
}

/**
 * Reads the free text entries (`__metadata__`) of a safetensors file; empty when it has none.
 *
 * @throws FormatError as `readSafetensors` does
 */
export function readSafetensorsMetadata(bytes: Uint8Array): ReadonlyMap<string, string> {
  return readSafetensorsHeader(bytes).metadata
}

/**
 * Bytes of a safetensors file with these tensors and free text entries. The layout is that of the format's own library (wider
 * elements first, then by name, data aligned to 8 bytes), so that equal tensors give equal files.
 *
 * @throws FormatError when a dtype has no name in the format, a name comes twice or is `__metadata__`, or the elements of a
 *   4-bit tensor do not fill its last byte
 * @example
 * writeSafetensors(new Map([['weight', fromValues('int8', [2], [1, -1])]]), new Map([['format', 'pt']]))
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, HostArray]>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array<ArrayBuffer> {
  const placed = place(tensors)
  const header = encodeHeader(placed, metadata)
  const last = placed.at(-1)
  const file = new Uint8Array(8 + header.byteLength + (last?.end ?? 0))
  new DataView(file.buffer).setBigUint64(0, BigInt(header.byteLength), true)
  file.set(header, 8)
  for (const { array, begin } of placed) file.set(array.bytes, 8 + header.byteLength + begin)
  return file
}

interface PlacedTensor {
  readonly name: string
  readonly dtypeName: string
  readonly array: HostArray
  /** From the start of the data. */
  readonly begin: number
  readonly end: number
}

function place(tensors: Iterable<readonly [string, HostArray]>): PlacedTensor[] {
  const seen = new Set<string>()
  const described = Array.from(tensors, ([name, array]) => {
    if (seen.has(name)) failWrite(name, 'every name once', 'it again')
    seen.add(name)
    return { name, array, ...describe(name, array) }
  })
  described.sort((a, b) => b.rank - a.rank || (a.name < b.name ? -1 : 1))
  let end = 0
  return described.map(({ name, array, dtypeName }) => {
    const begin = end
    end += array.bytes.byteLength
    return { name, dtypeName, array, begin, end }
  })
}

function describe(name: string, { dtype, shape }: HostArray): { dtypeName: string; rank: number } {
  const known = safetensorsDType(dtype)
  if (name === METADATA_KEY) failWrite(name, 'a name that the format has not reserved', 'this one')
  if (known === undefined) {
    failWrite(
      name,
      'a dtype of the format',
      dtype,
      'store its packed bytes as uint8 and its dtype in the metadata',
    )
  }
  const count = shape.reduce((product, dim) => product * dim, 1)
  if (dtype === 'float4_e2m1fn_x2' && count % 2 !== 0) {
    failWrite(name, 'an even number of 4-bit elements', `${count} of shape [${shape.join(', ')}]`)
  }
  return { dtypeName: known.name, rank: known.rank }
}

/** The header's JSON, padded with spaces so that the data after it begins at a multiple of 8 bytes. */
function encodeHeader(placed: readonly PlacedTensor[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const parts = placed.map(({ name, dtypeName, array, begin, end }) => {
    const entry = { dtype: dtypeName, shape: array.shape, data_offsets: [begin, end] }
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`
  })
  if (metadata.size > 0) {
    const pairs = Array.from(metadata, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    parts.unshift(`"${METADATA_KEY}":{${pairs.join(',')}}`)
  }
  const json = new TextEncoder().encode(`{${parts.join(',')}}`)
  const header = new Uint8Array(Math.ceil(json.byteLength / 8) * 8).fill(0x20)
  header.set(json)
  return header
}

function failWrite(subject: string, expected: string, got: string, hint?: string): never {
  const problem = { action: 'write', subject, expected, got } as const
  throw new FormatError('safetensors', hint === undefined ? problem : { ...problem, hint })
}
