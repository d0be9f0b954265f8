import { FormatError } from '../format-error.ts'

/** Bytes of integers that are read; longer ones mean nothing here. */
const MAX_INTEGER_BYTES = 16

/** Reads the arguments of a pickle's instructions, within its bytes. */
export class PickleCursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #format: string
  #at: number

  constructor(bytes: Uint8Array, start: number, format: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#format = format
    this.#at = start
  }

  /** Position of the next byte. */
  get at(): number {
    return this.#at
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1))
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** A length of 64 bits. */
  length(): number {
    const at = this.#take(8)
    const value = this.#view.getBigUint64(at, true)
    if (value <= BigInt(this.#bytes.byteLength)) return Number(value)
    return this.fail('a length within the file', `${value}`, at)
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  /** A two's complement integer of any number of bytes: a number where that is exact. */
  integer(length: number): number | bigint {
    const at = this.#at
    if (length > MAX_INTEGER_BYTES)
      this.fail(`an integer of at most ${MAX_INTEGER_BYTES} bytes`, `${length} bytes`, at)
    let value = 0n
    for (const byte of this.raw(length).toReversed()) value = (value << 8n) | BigInt(byte)
    const signed = BigInt.asIntN(length * 8, value)
    return BigInt.asIntN(53, signed) === signed ? Number(signed) : signed
  }

  text(length: number): string {
    const at = this.#at
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.raw(length))
    } catch (error) {
      if (error instanceof FormatError) throw error
      return this.fail('text in UTF-8', 'other bytes', at)
    }
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0) return this.fail('a line that ends', 'the end', this.#at)
    const text = this.text(end - this.#at)
    this.#at = end + 1
    return text
  }

  raw(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** @throws FormatError */
  fail(expected: string, got: string, offset: number, hint?: string): never {
    const problem = { subject: 'pickle', expected, got, offset }
    throw new FormatError(this.#format, hint === undefined ? problem : { ...problem, hint })
  }

  #take(length: number): number {
    const at = this.#at
    if (at + length > this.#bytes.byteLength)
      this.fail(`${length} more bytes`, `${this.#bytes.byteLength - at}`, at)
    this.#at = at + length
    return at
  }
}
