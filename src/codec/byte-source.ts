import type { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { FileError } from './file-error.ts'

/** The system reads at most 2 GiB at a time. */
const MAX_READ_BYTES = 2 ** 30

/** Bytes that are read by position, so that no file has to fit in memory. */
export interface ByteSource {
  /** What messages call it: the path, or `blob`. */
  readonly name: string
  readonly sizeBytes: number
  /**
   * Reads a range as a copy of its own.
   * @throws RangeError for a range outside; FileError when the file gives less
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Reads a range into memory that is there.
   * @throws as `read` does
   */
  readInto(offset: number, target: Uint8Array): Promise<void>
  /** Gives the file back; reading is over. */
  close(): Promise<void>
}

/** A file, which can also be read while the thread waits: what is read in many small pieces comes twice as fast. */
export interface FileSource extends ByteSource {
  /**
   * Reads a range into memory that is there, before anything else of the thread goes on.
   * @throws as `read` does
   */
  readIntoNow(offset: number, target: Uint8Array): void
}

/**
 * Opens a file by its path (in Node), a Blob or File of a page, or bytes in memory.
 *
 * @throws FileError when there is no file at the path; TypeError for something else
 */
export async function openSource(source: string | Blob | Uint8Array): Promise<ByteSource> {
  if (typeof source === 'string') return openFileSource(source)
  if (source instanceof Uint8Array) return bytesSource(source)
  if (!(source instanceof Blob))
    throw new TypeError(
      `Cannot read a file: expected its path, a Blob or a Uint8Array, got ${source === null ? 'null' : typeof source}`,
    )
  const sizeBytes = source.size
  return {
    name: 'blob',
    sizeBytes,
    async read(offset, length) {
      checkRange('blob', sizeBytes, offset, length)
      return new Uint8Array(await source.slice(offset, offset + length).arrayBuffer())
    },
    async readInto(offset, target) {
      checkRange('blob', sizeBytes, offset, target.byteLength)
      target.set(new Uint8Array(await source.slice(offset, offset + target.byteLength).arrayBuffer()))
    },
    close: async () => {},
  }
}

function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    name: 'bytes',
    sizeBytes: bytes.byteLength,
    async read(offset, length) {
      checkRange('bytes', bytes.byteLength, offset, length)
      return bytes.slice(offset, offset + length)
    },
    async readInto(offset, target) {
      checkRange('bytes', bytes.byteLength, offset, target.byteLength)
      target.set(bytes.subarray(offset, offset + target.byteLength))
    },
    close: async () => {},
  }
}

/**
 * Opens a file by its path, in Node.
 *
 * @throws FileError when there is no file at the path
 */
export async function openFileSource(path: string): Promise<FileSource> {
  const { open } = await import('node:fs/promises')
  const { readSync } = await import('node:fs')
  try {
    const file = await open(path, 'r')
    const stats = await file.stat()
    if (stats.isFile()) return new OpenFile(path, stats.size, file, readSync)
    await file.close()
    throw new TypeError('a folder')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

class OpenFile implements FileSource {
  readonly name: string
  readonly sizeBytes: number
  readonly #file: FileHandle
  readonly #readSync: typeof readSync

  constructor(name: string, sizeBytes: number, file: FileHandle, read: typeof readSync) {
    this.name = name
    this.sizeBytes = sizeBytes
    this.#file = file
    this.#readSync = read
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this.name, this.sizeBytes, offset, length)
    const bytes = new Uint8Array(length)
    await this.readInto(offset, bytes)
    return bytes
  }

  async readInto(offset: number, target: Uint8Array): Promise<void> {
    checkRange(this.name, this.sizeBytes, offset, target.byteLength)
    for (let done = 0; done < target.byteLength; ) {
      const reading = this.#file.read(target, done, readLength(target, done), offset + done)
      const { bytesRead } = await reading.catch((cause: unknown) => this.#fail(cause))
      done += bytesRead || this.#fail(`the end at byte ${offset + done}`)
    }
  }

  readIntoNow(offset: number, target: Uint8Array): void {
    checkRange(this.name, this.sizeBytes, offset, target.byteLength)
    for (let done = 0; done < target.byteLength; )
      done += this.#readNow(offset, target, done) || this.#fail(`the end at byte ${offset + done}`)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  #readNow(offset: number, target: Uint8Array, done: number): number {
    try {
      return this.#readSync(this.#file.fd, target, done, readLength(target, done), offset + done)
    } catch (cause) {
      return this.#fail(cause)
    }
  }

  #fail(cause: unknown): never {
    throw unreadable(this.name, cause)
  }
}

function readLength(target: Uint8Array, done: number): number {
  return Math.min(target.byteLength - done, MAX_READ_BYTES)
}

function unreadable(path: string, cause: unknown): FileError {
  const reason =
    cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.message) : String(cause)
  return new FileError(`Cannot read "${path}": expected a file, got ${reason}`, path, { cause })
}

function checkRange(name: string, sizeBytes: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= sizeBytes) return
  throw new RangeError(
    `Cannot read "${name}": expected a range within ${sizeBytes} bytes, got [${offset}, ${offset + length})`,
  )
}
