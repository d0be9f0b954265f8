/** What an ML program's `weights/weight.bin` calls the element types that it can hold. */
export const BLOB_TYPES = {
  float16: 1,
  float32: 2,
  uint8: 3,
  int8: 4,
  int4: 8,
  uint4: 11,
  int32: 14,
} as const

/** An element type of a blob. */
export type BlobType = keyof typeof BLOB_TYPES

const ALIGNMENT = 64
const MAGIC = 0xdeadbeef
const VERSION = 2

interface Blob {
  readonly type: BlobType
  readonly bytes: Uint8Array
  /** Bits at the end of the data that hold no element. */
  readonly paddingBits: number
  /** Where its metadata begins. */
  readonly offset: number
}

/**
 * The blobs of an ML program (blob storage, version 2): a header of 64 bytes, then for each blob 64 bytes of metadata and its data, each aligned to 64
 * bytes. Elements below eight bits are packed, low bits first.
 */
export class WeightBlobs {
  readonly #blobs: Blob[] = []
  #end: number = ALIGNMENT

  /** How many blobs there are. */
  get count(): number {
    return this.#blobs.length
  }

  /** Adds a blob, and returns where its metadata begins, which is how a program refers to it. */
  add(type: BlobType, bytes: Uint8Array, paddingBits = 0): number {
    const offset = this.#end
    this.#blobs.push({ type, bytes, paddingBits, offset })
    this.#end = aligned(offset + ALIGNMENT + bytes.byteLength)
    return offset
  }

  /** The file in pieces: blobs are views of the bytes that were given, not copies. */
  *pieces(): Generator<Uint8Array> {
    yield header(this.#blobs.length)
    let end = ALIGNMENT
    for (const blob of this.#blobs) {
      if (end < blob.offset) yield new Uint8Array(blob.offset - end)
      yield metadata(blob)
      yield blob.bytes
      end = blob.offset + ALIGNMENT + blob.bytes.byteLength
    }
  }
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT
}

function header(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(ALIGNMENT))
  view.setUint32(0, count, true)
  view.setUint32(4, VERSION, true)
  return new Uint8Array(view.buffer)
}

function metadata({ type, bytes, paddingBits, offset }: Blob): Uint8Array {
  const view = new DataView(new ArrayBuffer(ALIGNMENT))
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, BLOB_TYPES[type], true)
  view.setBigUint64(8, BigInt(bytes.byteLength), true)
  view.setBigUint64(16, BigInt(offset + ALIGNMENT), true)
  view.setBigUint64(24, BigInt(paddingBits), true)
  return new Uint8Array(view.buffer)
}
