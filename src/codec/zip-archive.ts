import type { ByteSource } from './byte-source.ts'
import { crc32 } from './crc32.ts'
import { FormatError } from './format-error.ts'
import { inflate } from './inflate.ts'
import { readZipDirectory, type ZipEntry } from './zip-directory.ts'
import { hex, viewOf } from './zip-end.ts'

const LOCAL_SIGNATURE = 0x04034b50
const LOCAL_BYTES = 30
/** Sizes and checksum follow the data instead of standing in the local header. */
const DESCRIPTOR_FLAG = 0x0008

/** A zip whose entries are read one by one, by position. */
export class ZipArchive {
  readonly #source: ByteSource
  readonly #entries: ReadonlyMap<string, ZipEntry>

  private constructor(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>) {
    this.#source = source
    this.#entries = entries
  }

  /** Reads the directory. @throws FormatError for what is no sound zip */
  static async open(source: ByteSource): Promise<ZipArchive> {
    return new ZipArchive(source, await readZipDirectory(source))
  }

  /** Names of all entries, in the order of their data. */
  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** Bytes of an entry once it is inflated; undefined where there is no such entry. */
  sizeOf(name: string): number | undefined {
    return this.#entries.get(name)?.sizeBytes
  }

  /**
   * Reads an entry.
   *
   * @param maxBytes most bytes that the entry may have
   * @throws FormatError when it is missing, too long, damaged, or its local header says otherwise than the directory
   */
  async read(name: string, maxBytes: number = Number.MAX_SAFE_INTEGER): Promise<Uint8Array<ArrayBuffer>> {
    const entry = this.#entries.get(name)
    if (entry === undefined)
      throw new FormatError('zip', { subject: name, expected: 'an entry of this name', got: 'none' })
    if (entry.sizeBytes > maxBytes)
      fail(name, `at most ${maxBytes} bytes`, `${entry.sizeBytes}`, entry.offset)
    const begin = await this.#dataBegin(entry)
    const stored = await this.#source.read(begin, entry.compressedBytes)
    const bytes = entry.isDeflated ? await inflated(entry, stored, begin) : stored
    const crc = crc32(bytes)
    if (crc !== entry.crc) fail(name, `data with the checksum ${hex(entry.crc)}`, hex(crc), begin)
    return bytes
  }

  /** Where an entry's data begins. */
  async #dataBegin(entry: ZipEntry): Promise<number> {
    const { name, headerOffset, limit } = entry
    const fixed = viewOf(await this.#source.read(headerOffset, LOCAL_BYTES))
    const signature = fixed.getUint32(0, true)
    if (signature !== LOCAL_SIGNATURE) fail(name, "a local header's signature", hex(signature), headerOffset)
    const nameBytes = fixed.getUint16(26, true)
    const begin = headerOffset + LOCAL_BYTES + nameBytes + fixed.getUint16(28, true)
    if (begin + entry.compressedBytes > limit)
      fail(
        name,
        `data that ends at byte ${limit} or before`,
        `data up to byte ${begin + entry.compressedBytes}`,
        headerOffset,
      )
    const localName = await this.#source.read(headerOffset + LOCAL_BYTES, nameBytes)
    if (new TextDecoder().decode(localName) !== name)
      fail(
        name,
        'the same name in its local header',
        new TextDecoder().decode(localName),
        headerOffset + LOCAL_BYTES,
      )
    checkLocal(entry, fixed)
    return begin
  }
}

/** The local header repeats the directory, or leaves sizes and checksum to a descriptor behind the data. */
function checkLocal(
  { name, isDeflated, flags, crc, compressedBytes, sizeBytes, headerOffset }: ZipEntry,
  local: DataView,
): void {
  const method = isDeflated ? 8 : 0
  if (local.getUint16(8, true) !== method)
    fail(
      name,
      `compression method ${method} in its local header`,
      `${local.getUint16(8, true)}`,
      headerOffset + 8,
    )
  if (local.getUint16(6, true) !== flags)
    fail(name, `flags ${hex(flags)} in its local header`, hex(local.getUint16(6, true)), headerOffset + 6)
  const fields = [
    { what: 'checksum', at: 14, expected: crc },
    { what: 'deflated size', at: 18, expected: compressedBytes },
    { what: 'size', at: 22, expected: sizeBytes },
  ]
  for (const { what, at, expected } of fields) {
    const got = local.getUint32(at, true)
    const isElsewhere = (got === 0 && (flags & DESCRIPTOR_FLAG) !== 0) || (at > 14 && got === 0xffffffff)
    if (got !== expected && !isElsewhere)
      fail(name, `the ${what} ${expected} in its local header`, `${got}`, headerOffset + at)
  }
}

async function inflated(
  { name, sizeBytes }: ZipEntry,
  stored: Uint8Array<ArrayBuffer>,
  begin: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const result = await inflate(stored, sizeBytes)
  if ('bytes' in result) return result.bytes
  const got =
    result.problem === 'damaged'
      ? 'a damaged stream'
      : `${result.problem === 'longer' ? 'at least ' : ''}${result.sizeBytes}`
  throw new FormatError('zip', {
    subject: name,
    expected: `${sizeBytes} bytes once inflated`,
    got,
    offset: begin,
    cause: result.cause,
  })
}

function fail(subject: string, expected: string, got: string, offset: number): never {
  throw new FormatError('zip', { subject, expected, got, offset })
}
