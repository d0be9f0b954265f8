import type { ByteSource } from './byte-source.ts'
import { FormatError } from './format-error.ts'
import { hex, readSafe, readZipEnd, viewOf } from './zip-end.ts'

const HEADER_SIGNATURE = 0x02014b50
const HEADER_BYTES = 46
const LOCAL_HEADER_BYTES = 30
const MAX_DIRECTORY_BYTES = 2 ** 26
const ZIP64_EXTRA = 1
const UNKNOWN_32 = 0xffffffff
/** Deflate cannot shrink more than this. */
const MAX_DEFLATE_RATIO = 1032
/** What all entries may be once they are inflated, whatever the size of the archive, and for each byte of it. */
const MIN_INFLATED_BYTES = 2 ** 26
const MAX_INFLATED_RATIO = 100
/** Encrypted, patch data, strongly encrypted, with a masked header. */
const REFUSED_FLAGS = 0x0001 | 0x0020 | 0x0040 | 0x2000

/** A file in a zip as its directory tells of it, checked as far as that can be done without looking at the file itself. */
export interface ZipEntry {
  readonly name: string
  readonly isDeflated: boolean
  readonly flags: number
  readonly crc: number
  readonly compressedBytes: number
  readonly sizeBytes: number
  readonly headerOffset: number
  /** Where the next entry, or the directory, begins. */
  readonly limit: number
  /** Position of the directory's record of it. */
  readonly offset: number
}

/**
 * Reads the directory of a zip.
 *
 * @throws FormatError for entries that lie outside, overlap, share a name, are encrypted, compressed in another way than by deflate, or have
 *   names that lead out of the archive
 */
export async function readZipDirectory(source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> {
  const { entryCount, directoryOffset, directoryBytes } = await readZipEnd(source)
  if (directoryBytes > MAX_DIRECTORY_BYTES)
    fail('directory', `at most ${MAX_DIRECTORY_BYTES} bytes`, `${directoryBytes}`, directoryOffset)
  if (entryCount * HEADER_BYTES > directoryBytes)
    fail('directory', `room for ${entryCount} entries`, `${directoryBytes} bytes`, directoryOffset)
  const bytes = await source.read(directoryOffset, directoryBytes)
  const entries: ZipEntry[] = []
  let at = 0
  for (let i = 0; i < entryCount; i++) {
    const { entry, next } = readEntry(bytes, at, directoryOffset)
    entries.push(entry)
    at = next
  }
  if (at !== directoryBytes)
    fail('directory', `${entryCount} entries`, `${directoryBytes - at} more bytes`, directoryOffset + at)
  checkBombs(entries, source.sizeBytes)
  return byName(withLimits(entries, directoryOffset))
}

function readEntry(bytes: Uint8Array, at: number, start: number): { entry: ZipEntry; next: number } {
  const offset = start + at
  const view = viewOf(bytes)
  if (at + HEADER_BYTES > bytes.byteLength)
    fail('directory', 'a whole entry', `${bytes.byteLength - at} bytes`, offset)
  const signature = view.getUint32(at, true)
  if (signature !== HEADER_SIGNATURE) fail('directory', "an entry's signature", hex(signature), offset)
  const nameEnd = at + HEADER_BYTES + view.getUint16(at + 28, true)
  const extraEnd = nameEnd + view.getUint16(at + 30, true)
  const next = extraEnd + view.getUint16(at + 32, true)
  if (next > bytes.byteLength)
    fail('directory', 'a name, extra fields and a comment within the directory', 'more', offset)
  const name = readName(bytes.subarray(at + HEADER_BYTES, nameEnd), offset)
  const flags = view.getUint16(at + 8, true)
  if (flags & REFUSED_FLAGS) fail(name, 'an entry that is not encrypted', `flags ${hex(flags)}`, offset + 8)
  const method = view.getUint16(at + 10, true)
  if (method !== 0 && method !== 8)
    fail(name, 'an entry that is stored or deflated', `compression method ${method}`, offset + 10)
  const sizes = readSizes(view, { name, at, extraStart: nameEnd, extraEnd, start })
  const entry = {
    name,
    isDeflated: method === 8,
    flags,
    crc: view.getUint32(at + 16, true),
    ...sizes,
    limit: 0,
    offset,
  }
  checkSizes(entry)
  return { entry, next }
}

/** Names lead nowhere but into the archive, in one way of writing them. */
function readName(bytes: Uint8Array, offset: number): string {
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new FormatError('zip', { subject: 'name', expected: 'UTF-8', got: 'other bytes', offset, cause })
  }
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/')
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  if (!isPlain || name.includes('\\') || name.includes('\0') || /^[A-Za-z]:/.test(name))
    fail(name, 'a relative path without ".", "..", empty parts, "\\", drive or NUL', 'this name', offset)
  return name
}

type Sizes = Pick<ZipEntry, 'compressedBytes' | 'sizeBytes' | 'headerOffset'>

interface Extra {
  readonly name: string
  readonly at: number
  readonly extraStart: number
  readonly extraEnd: number
  readonly start: number
}

function readSizes(view: DataView, { name, at, extraStart, extraEnd, start }: Extra): Sizes {
  const given = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)]
  let field = extraStart
  while (field + 4 <= extraEnd && view.getUint16(field, true) !== ZIP64_EXTRA)
    field += 4 + view.getUint16(field + 2, true)
  const end = field + 4 <= extraEnd ? Math.min(field + 4 + view.getUint16(field + 2, true), extraEnd) : field
  let wide = field + 4
  // The extra field holds, in this order, only those that do not fit.
  const [sizeBytes = 0, compressedBytes = 0, headerOffset = 0] = given.map((value) => {
    if (value !== UNKNOWN_32) return value
    if (wide + 8 > end)
      return fail(name, 'a zip64 extra field with its sizes', 'one that is too short', start + at)
    wide += 8
    return readSafe(view, wide - 8, start + wide - 8)
  })
  return { sizeBytes, compressedBytes, headerOffset }
}

function checkSizes({ name, isDeflated, compressedBytes, sizeBytes, offset }: ZipEntry): void {
  if (!isDeflated && compressedBytes !== sizeBytes)
    fail(name, `${sizeBytes} stored bytes`, `${compressedBytes}`, offset + 20)
  if (isDeflated && sizeBytes > compressedBytes * MAX_DEFLATE_RATIO) {
    const expected = `at most ${compressedBytes * MAX_DEFLATE_RATIO} bytes out of ${compressedBytes} deflated ones`
    fail(name, expected, `${sizeBytes}`, offset + 24)
  }
}

/** What is inflated may be much, but not out of nothing. */
function checkBombs(entries: readonly ZipEntry[], sizeBytes: number): void {
  const limit = Math.max(MIN_INFLATED_BYTES, sizeBytes * MAX_INFLATED_RATIO)
  let inflated = 0
  for (const entry of entries) {
    if (entry.isDeflated) inflated += entry.sizeBytes
    if (inflated > limit)
      fail(entry.name, `at most ${limit} bytes once inflated`, `${inflated}`, entry.offset)
  }
}

/** Entries lie one after the other before the directory. */
function withLimits(entries: readonly ZipEntry[], directoryOffset: number): ZipEntry[] {
  const sorted = entries.toSorted((a, b) => a.headerOffset - b.headerOffset)
  return sorted.map((entry, i) => {
    const limit = sorted[i + 1]?.headerOffset ?? directoryOffset
    const { name, headerOffset, compressedBytes, offset } = entry
    const least = headerOffset + LOCAL_HEADER_BYTES + compressedBytes
    if (least <= limit) return { ...entry, limit }
    return fail(
      name,
      `an entry that ends at byte ${limit} or before`,
      `one up to byte ${least} at least`,
      offset,
    )
  })
}

function byName(entries: readonly ZipEntry[]): Map<string, ZipEntry> {
  const named = new Map<string, ZipEntry>()
  for (const entry of entries) {
    if (named.has(entry.name)) fail(entry.name, 'every name once', 'it again', entry.offset)
    named.set(entry.name, entry)
  }
  return named
}

function fail(subject: string, expected: string, got: string, offset: number): never {
  throw new FormatError('zip', { subject, expected, got, offset })
}
