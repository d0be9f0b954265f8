import { crc32 } from './crc32.ts'

/** A file of an archive. */
export interface ZipFile {
  /** Path inside the archive, with forward slashes. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Where payloads begin: at multiples of this, so that tensors in them can be mapped into memory. */
const ALIGNMENT = 64
/** Identifies the padding of an entry, as PyTorch's writer marks it. */
const PADDING_ID = 0x4246
/** 1 January 1980, so that equal content gives equal archives. */
const DATE = 0x21
const MAX_SIZE = 0xffffffff

/** The pieces of a zip archive, in order: entries stored as they are, each payload at a multiple of 64 bytes. Nothing is copied. */
export function* zipPieces(files: readonly ZipFile[]): Generator<Uint8Array> {
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, bytes } of files) {
    const path = new TextEncoder().encode(name)
    const payload = Math.ceil((offset + 30 + path.length + 4) / ALIGNMENT) * ALIGNMENT
    const padding = payload - offset - 30 - path.length - 4
    if (payload + bytes.length > MAX_SIZE)
      throw new RangeError(
        `Cannot write an archive: expected at most ${MAX_SIZE} bytes, got more at "${name}"`,
      )
    const checksum = crc32(bytes)
    const entry = { path, checksum, size: bytes.length }
    yield fixedFields(0x04034b50, entry, padding + 4)
    yield path
    yield paddingField(padding)
    yield bytes
    directory.push(fixedFields(0x02014b50, entry, 0, offset), path)
    offset = payload + bytes.length
  }
  yield* directory
  const size = directory.reduce((sum, { length }) => sum + length, 0)
  yield endOf(files.length, size, offset)
}

interface Entry {
  readonly path: Uint8Array
  readonly checksum: number
  readonly size: number
}

/** The fields of a local header, or with an offset those of the directory. */
function fixedFields(
  signature: number,
  { path, checksum, size }: Entry,
  extra: number,
  offset?: number,
): Uint8Array {
  const isDirectory = offset !== undefined
  const fields: readonly (readonly [value: number, bytes: 2 | 4])[] = [
    [signature, 4],
    ...(isDirectory ? [[20, 2] as const] : []),
    [20, 2],
    [0x800, 2],
    [0, 2],
    [0, 2],
    [DATE, 2],
    [checksum, 4],
    [size, 4],
    [size, 4],
    [path.length, 2],
    [extra, 2],
    ...(isDirectory
      ? ([
          [0, 2],
          [0, 2],
          [0, 2],
          [0, 4],
          [offset, 4],
        ] as const)
      : []),
  ]
  return packed(fields)
}

function paddingField(length: number): Uint8Array {
  const field = new Uint8Array(4 + length)
  field.set(
    packed([
      [PADDING_ID, 2],
      [length, 2],
    ]),
  )
  return field
}

function endOf(count: number, size: number, offset: number): Uint8Array {
  if (count > 0xffff)
    throw new RangeError(`Cannot write an archive: expected at most 65535 files, got ${count}`)
  return packed([
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [size, 4],
    [offset, 4],
    [0, 2],
  ])
}

function packed(fields: readonly (readonly [value: number, bytes: 2 | 4])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [, width]) => sum + width, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [value, width] of fields) {
    if (width === 2) view.setUint16(at, value, true)
    else view.setUint32(at, value, true)
    at += width
  }
  return bytes
}
