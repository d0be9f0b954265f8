import { type DType, dtypeInfo } from '../tensor/dtype.ts'
import type { ByteSource } from './byte-source.ts'
import { FormatError } from './format-error.ts'
import { dtypeOfSafetensors, safetensorsDTypeNames } from './safetensors-dtypes.ts'
import { type JsonNode, parseStrictJson } from './strict-json.ts'

const FORMAT = 'safetensors'
const LENGTH_BYTES = 8
const MAX_HEADER_BYTES = 100_000_000

/** Name of the header's entry that is no tensor. */
export const METADATA_KEY = '__metadata__'

/** What a header says of one tensor, checked; `begin` and `end` count from the start of the file. */
export interface SafetensorsEntry {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
  /** Position of the entry in the header. */
  readonly offset: number
}

/** A file's header, with the tensors in the order in which it names them. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>
  readonly entries: readonly SafetensorsEntry[]
}

/**
 * Reads and checks the header of a safetensors file: every tensor lies inside the file, has the size that its shape and dtype
 * need, and together they fill the file without gap or overlap.
 *
 * @param fileBytes size of the file, of which `bytes` may be the beginning with all of the header
 * @throws FormatError at the first thing that does not hold
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  fileBytes: number = bytes.byteLength,
): SafetensorsHeader {
  const dataStart = LENGTH_BYTES + headerLength(bytes, fileBytes)
  const json = parseStrictJson(bytes.subarray(LENGTH_BYTES, dataStart), {
    format: FORMAT,
    start: LENGTH_BYTES,
  })
  const members = objectOf(json, 'header')
  const metadataNode = members.get(METADATA_KEY)
  const entries = Array.from(members)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, node]) => readEntry(name, node, dataStart))
  checkCoverage(entries, dataStart, fileBytes)
  return { metadata: metadataNode === undefined ? new Map() : readMetadata(metadataNode), entries }
}

/**
 * Reads the header of a file alone, as `readSafetensorsHeader` does.
 * @throws FormatError as that does; FileError when the file cannot be read
 */
export async function openSafetensorsHeader(source: ByteSource): Promise<SafetensorsHeader> {
  const head = await source.read(0, Math.min(LENGTH_BYTES, source.sizeBytes))
  const length = headerLength(head, source.sizeBytes)
  return readSafetensorsHeader(await source.read(0, LENGTH_BYTES + length), source.sizeBytes)
}

function headerLength(bytes: Uint8Array, size: number): number {
  if (size < LENGTH_BYTES) fail('header length', '8 bytes', `a file of ${size} bytes`, 0)
  const declared = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true)
  if (declared > MAX_HEADER_BYTES) {
    fail('header length', `at most ${MAX_HEADER_BYTES} bytes`, `${declared} declared`, 0)
  }
  const available = size - LENGTH_BYTES
  if (declared > available)
    fail('header', `${declared} bytes as declared`, `${available} in the file`, LENGTH_BYTES)
  return Number(declared)
}

function readMetadata(node: JsonNode): Map<string, string> {
  const metadata = new Map<string, string>()
  for (const [key, { value, offset }] of objectOf(node, METADATA_KEY)) {
    if (typeof value !== 'string') fail(METADATA_KEY, `a string for "${key}"`, kindOf(value), offset)
    metadata.set(key, value)
  }
  return metadata
}

function readEntry(name: string, node: JsonNode, dataStart: number): SafetensorsEntry {
  const fields = objectOf(node, name)
  const dtype = readDType(name, field(fields, 'dtype', name, node.offset))
  const shape = readIntegers(name, field(fields, 'shape', name, node.offset), 'a shape of whole numbers')
  const offsets = field(fields, 'data_offsets', name, node.offset)
  const numbers = readIntegers(name, offsets, 'data_offsets of two whole numbers')
  const [begin, end] = numbers
  if (begin === undefined || end === undefined || numbers.length > 2 || end < begin) {
    fail(name, 'data_offsets [begin, end] with begin <= end', `[${numbers.join(', ')}]`, offsets.offset)
  }
  checkSize(name, { dtype, shape, declared: end - begin, offset: offsets.offset })
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end, offset: node.offset }
}

function field(fields: ReadonlyMap<string, JsonNode>, key: string, name: string, offset: number): JsonNode {
  const node = fields.get(key)
  return node ?? fail(name, `an entry with "${key}"`, 'one without', offset)
}

function readDType(name: string, { value, offset }: JsonNode): DType {
  if (typeof value !== 'string') fail(name, 'a dtype name', kindOf(value), offset)
  return dtypeOfSafetensors(value) ?? fail(name, `a dtype of ${safetensorsDTypeNames}`, value, offset)
}

function readIntegers(name: string, { value, offset }: JsonNode, expected: string): number[] {
  if (!Array.isArray(value)) fail(name, expected, kindOf(value), offset)
  return value.map((item) => {
    const number = item.value
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number
    return fail(name, expected, typeof number === 'number' ? `${number}` : kindOf(number), item.offset)
  })
}

interface DeclaredSize {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly declared: number
  readonly offset: number
}

function checkSize(name: string, { dtype, shape, declared, offset }: DeclaredSize): void {
  const { bits } = dtypeInfo(dtype)
  const totalBits = shape.includes(0) ? 0 : shape.reduce((product, dim) => product * dim, bits)
  const what = `${dtype} of shape [${shape.join(', ')}]`
  if (totalBits % 8 !== 0) fail(name, 'a whole number of bytes', `${totalBits} bits of ${what}`, offset)
  if (totalBits !== declared * 8) {
    fail(name, `${totalBits / 8} bytes for ${what}`, `${declared} between the data_offsets`, offset)
  }
}

/** The tensors, in the order of their data, must touch each other and end where the file ends. */
function checkCoverage(entries: readonly SafetensorsEntry[], dataStart: number, fileSize: number): void {
  let reached = dataStart
  for (const { name, begin, end, offset } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > fileSize)
      fail(name, `data up to byte ${end} as declared`, `a file of ${fileSize} bytes`, offset)
    if (begin < reached)
      fail(name, `data from byte ${reached} on`, `an overlap from byte ${begin} on`, offset)
    if (begin > reached) fail(name, `data from byte ${reached} on`, `a gap up to byte ${begin}`, offset)
    reached = end
  }
  if (reached < fileSize) {
    fail('data', `the end of the file after the last tensor`, `${fileSize - reached} more bytes`, reached)
  }
}

function objectOf({ value, offset }: JsonNode, subject: string): ReadonlyMap<string, JsonNode> {
  return value instanceof Map ? value : fail(subject, 'a JSON object', kindOf(value), offset)
}

function kindOf(value: JsonNode['value']): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Map) return 'an object'
  return `the ${typeof value} ${JSON.stringify(value)}`
}

function fail(subject: string, expected: string, got: string, offset: number): never {
  throw new FormatError(FORMAT, { subject, expected, got, offset })
}
