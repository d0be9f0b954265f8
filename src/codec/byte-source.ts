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

/**
 * Opens a file by its path (in Node), a Blob or File of a page, or bytes in memory.
 *
 * @throws FileError when there is no file at the path
 */
export async function openSource(source: string | Blob | Uint8Array): Promise<ByteSource> {
  if (typeof source === 'string') return openFile(source)
  if (source instanceof Uint8Array) return bytesSource(source)
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

async function openFile(path: string): Promise<ByteSource> {
  const { open } = await import('node:fs/promises')
  try {
    const file = await open(path, 'r')
    const stats = await file.stat()
    if (!stats.isFile()) {
      await file.close()
      throw new TypeError('a folder')
    }
    return { name: path, sizeBytes: stats.size, read: readAt, readInto, close: () => file.close() }

    async function readAt(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
      checkRange(path, stats.size, offset, length)
      const bytes = new Uint8Array(length)
      await readInto(offset, bytes)
      return bytes
    }

    async function readInto(offset: number, bytes: Uint8Array): Promise<void> {
      const length = bytes.byteLength
      checkRange(path, stats.size, offset, length)
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(
          bytes,
          done,
          Math.min(length - done, MAX_READ_BYTES),
          offset + done,
        )
        if (bytesRead === 0) throw unreadable(path, `the end at byte ${offset + done}`)
        done += bytesRead
      }
    }
  } catch (cause) {
    throw unreadable(path, cause)
  }
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
