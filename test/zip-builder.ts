import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../src/codec/crc32.ts'

/** An entry of a zip that a test makes. Whatever is given stands in the file, sound or not. */
export interface ZipPart {
  readonly name: string
  readonly content: string | Uint8Array
  readonly deflated?: boolean
  readonly method?: number
  readonly flags?: number
  readonly crc?: number
  readonly sizeBytes?: number
  readonly compressedBytes?: number
  readonly headerOffset?: number
  /** Extra field in the directory. */
  readonly extra?: Uint8Array
  /** What the local header says instead. */
  readonly local?: Partial<
    Pick<ZipPart, 'name' | 'flags' | 'method' | 'crc' | 'sizeBytes' | 'compressedBytes'>
  >
  /** Signature of the local header instead of the right one. */
  readonly signature?: number
}

/** What the end of the zip says instead of what is so. */
export interface ZipEndFields {
  readonly entryCount?: number
  readonly directoryBytes?: number
  readonly directoryOffset?: number
  readonly disk?: number
  readonly comment?: string
  /** Writes the records of zip64 as well. */
  readonly zip64?: boolean | { readonly locatorOffset?: number; readonly entryCount?: number }
}

/** Makes a zip. */
export function buildZip(parts: readonly ZipPart[], end: ZipEndFields = {}): Uint8Array<ArrayBuffer> {
  const files: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const part of parts) {
    const content = bytesOf(part.content)
    const data = part.deflated ? new Uint8Array(deflateRawSync(content)) : content
    const facts = {
      flags: part.flags ?? 0,
      method: part.method ?? (part.deflated ? 8 : 0),
      crc: part.crc ?? crc32(content),
      compressedBytes: part.compressedBytes ?? data.byteLength,
      sizeBytes: part.sizeBytes ?? content.byteLength,
    }
    const local = joined([
      header(part.signature ?? 0x04034b50, { ...facts, ...part.local }, part.local?.name ?? part.name),
      data,
    ])
    directory.push(directoryEntry(facts, part, part.headerOffset ?? offset))
    files.push(local)
    offset += local.byteLength
  }
  const records = joined(directory)
  return joined([...files, records, endOf(parts.length, records.byteLength, offset, end)])
}

interface Facts {
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedBytes: number
  readonly sizeBytes: number
}

function header(
  signature: number,
  { flags, method, crc, compressedBytes, sizeBytes }: Facts,
  name: string,
): Uint8Array {
  const encoded = bytesOf(name)
  const fields = numbers(
    [4, signature],
    [2, 20],
    [2, flags],
    [2, method],
    [4, 0],
    [4, crc],
    [4, compressedBytes],
    [4, sizeBytes],
    [2, encoded.byteLength],
    [2, 0],
  )
  return joined([fields, encoded])
}

function directoryEntry(
  { flags, method, crc, compressedBytes, sizeBytes }: Facts,
  { name, extra = new Uint8Array() }: ZipPart,
  offset: number,
): Uint8Array {
  const encoded = bytesOf(name)
  const fields = numbers(
    [4, 0x02014b50],
    [2, 20],
    [2, 20],
    [2, flags],
    [2, method],
    [4, 0],
    [4, crc],
    [4, compressedBytes],
    [4, sizeBytes],
    [2, encoded.byteLength],
    [2, extra.byteLength],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, offset],
  )
  return joined([fields, encoded, extra])
}

function endOf(count: number, directoryBytes: number, offset: number, end: ZipEndFields): Uint8Array {
  const { entryCount = count, directoryOffset = offset, disk = 0, comment = '' } = end
  const size = end.directoryBytes ?? directoryBytes
  const record = numbers(
    [4, 0x06054b50],
    [2, disk],
    [2, disk],
    [2, entryCount],
    [2, entryCount],
    [4, size],
    [4, directoryOffset],
    [2, comment.length],
  )
  if (!end.zip64) return joined([record, bytesOf(comment)])
  const wide = end.zip64 === true ? {} : end.zip64
  const count64 = wide.entryCount ?? entryCount
  const record64 = numbers(
    [4, 0x06064b50],
    [8, 44],
    [2, 45],
    [2, 45],
    [4, 0],
    [4, 0],
    [8, count64],
    [8, count64],
    [8, size],
    [8, directoryOffset],
  )
  const locator = numbers([4, 0x07064b50], [4, 0], [8, wide.locatorOffset ?? offset + directoryBytes], [4, 1])
  return joined([record64, locator, record, bytesOf(comment)])
}

/** Little-endian numbers, each with its width in bytes. */
export function numbers(...fields: readonly (readonly [width: number, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, [width]) => sum + width, 0))
  let at = 0
  for (const [width, value] of fields) {
    let rest = BigInt(value)
    for (let i = 0; i < width; i++, rest >>= 8n) bytes[at++] = Number(rest & 255n)
  }
  return bytes
}

/** Arrays one after the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content
}
