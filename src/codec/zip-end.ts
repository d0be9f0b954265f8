import type { ByteSource } from './byte-source.ts'
import { FormatError } from './format-error.ts'

const END_SIGNATURE = 0x06054b50
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50
const ZIP64_END_SIGNATURE = 0x06064b50
const END_BYTES = 22
const LOCATOR_BYTES = 20
const ZIP64_END_BYTES = 56
const MAX_COMMENT_BYTES = 0xffff

/** Where a zip's directory is, as the record at the end of the file says. */
export interface ZipEnd {
  readonly entryCount: number
  readonly directoryOffset: number
  readonly directoryBytes: number
}

/**
 * Finds and reads the record at the end of a zip, or of a zip64.
 *
 * @throws FormatError when there is none, it is of a split archive, or its directory does not end where the record begins
 */
export async function readZipEnd(source: ByteSource): Promise<ZipEnd> {
  const tailBytes = Math.min(source.sizeBytes, END_BYTES + MAX_COMMENT_BYTES + LOCATOR_BYTES)
  const tailStart = source.sizeBytes - tailBytes
  const tail = viewOf(await source.read(tailStart, tailBytes))
  const at = findEnd(tail)
  if (at < 0) fail('end of the directory', 'its record at the end of the file', 'none', source.sizeBytes)
  const position = tailStart + at
  const disks = [tail.getUint16(at + 4, true), tail.getUint16(at + 6, true)]
  const counts = [tail.getUint16(at + 8, true), tail.getUint16(at + 10, true)]
  const hasLocator =
    at >= LOCATOR_BYTES && tail.getUint32(at - LOCATOR_BYTES, true) === ZIP64_LOCATOR_SIGNATURE
  if (hasLocator) return readZip64End(source, tail, at - LOCATOR_BYTES, position - LOCATOR_BYTES)
  checkSingle(disks, counts, position)
  const end: ZipEnd = {
    entryCount: counts[1] ?? 0,
    directoryBytes: tail.getUint32(at + 12, true),
    directoryOffset: tail.getUint32(at + 16, true),
  }
  return checkPlace(end, position)
}

async function readZip64End(
  source: ByteSource,
  tail: DataView,
  at: number,
  position: number,
): Promise<ZipEnd> {
  const offset = readSafe(tail, at + 8, position + 8)
  if (tail.getUint32(at + 4, true) !== 0 || tail.getUint32(at + 16, true) > 1)
    fail('zip64 locator', 'an archive in one file', 'one that is split', position)
  if (offset + ZIP64_END_BYTES > position)
    fail('zip64 locator', `a record before byte ${position}`, `one at byte ${offset}`, position + 8)
  const record = viewOf(await source.read(offset, ZIP64_END_BYTES))
  if (record.getUint32(0, true) !== ZIP64_END_SIGNATURE)
    fail('zip64 end record', 'its signature', hex(record.getUint32(0, true)), offset)
  if (offset + 12 + readSafe(record, 4, offset + 4) !== position)
    fail('zip64 end record', `a record that ends at byte ${position}`, 'another length', offset + 4)
  const counts = [readSafe(record, 24, offset + 24), readSafe(record, 32, offset + 32)]
  checkSingle([record.getUint32(16, true), record.getUint32(20, true)], counts, offset)
  const end: ZipEnd = {
    entryCount: counts[1] ?? 0,
    directoryBytes: readSafe(record, 40, offset + 40),
    directoryOffset: readSafe(record, 48, offset + 48),
  }
  return checkPlace(end, offset)
}

/** Place of the last end record whose comment reaches exactly to the end of the file; -1 where there is none. */
function findEnd(tail: DataView): number {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_SIGNATURE) continue
    if (at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength) return at
  }
  return -1
}

function checkSingle(disks: readonly number[], [here, all]: readonly number[], position: number): void {
  if (disks.some((disk) => disk !== 0) || here !== all)
    fail('end of the directory', 'an archive in one file', 'one that is split', position)
}

/** Nothing lies between the directory and its end record, so that both cannot be read otherwise elsewhere. */
function checkPlace(end: ZipEnd, position: number): ZipEnd {
  const { directoryOffset, directoryBytes } = end
  if (directoryOffset + directoryBytes !== position) {
    fail(
      'directory',
      `to end at byte ${position}, where its end record begins`,
      `${directoryBytes} bytes from byte ${directoryOffset}`,
      position,
    )
  }
  return end
}

/** A 64-bit number that JavaScript can count with. */
export function readSafe(view: DataView, at: number, offset: number): number {
  const value = view.getBigUint64(at, true)
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    fail('64-bit number', `at most ${Number.MAX_SAFE_INTEGER}`, `${value}`, offset)
  return Number(value)
}

/** A view of bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A signature as messages show it. */
export function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}

function fail(subject: string, expected: string, got: string, offset: number): never {
  throw new FormatError('zip', { subject, expected, got, offset })
}
