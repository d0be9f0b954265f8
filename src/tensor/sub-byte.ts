/** Widths at which elements share a byte. */
export type SubByteBits = 2 | 4

/**
 * Packs codes of 2 or 4 bits, first element in the lowest bits of the first byte; unused bits of the last byte are 0. Of each
 * code only the low bits are taken, so signed codes pack in two's complement.
 *
 * @example
 * packSubByte(Int8Array.of(1, -8, 3), 4) // => Uint8Array.of(0x81, 0x03)
 */
export function packSubByte(codes: Uint8Array | Int8Array, bits: SubByteBits): Uint8Array<ArrayBuffer> {
  const logPerByte = bits === 4 ? 1 : 2
  const last = (1 << logPerByte) - 1
  const mask = (1 << bits) - 1
  const packed = new Uint8Array((codes.length + last) >>> logPerByte)
  for (let i = 0; i < codes.length; i++) {
    const index = i >>> logPerByte
    packed[index] = (packed[index] ?? 0) | (((codes[i] ?? 0) & mask) << ((i & last) * bits))
  }
  return packed
}

/** Takes `count` unsigned codes of 2 or 4 bits out of packed bytes, lowest bits first. */
export function unpackUnsigned(
  packed: Uint8Array,
  count: number,
  bits: SubByteBits,
): Uint8Array<ArrayBuffer> {
  const logPerByte = bits === 4 ? 1 : 2
  const last = (1 << logPerByte) - 1
  const mask = (1 << bits) - 1
  const codes = new Uint8Array(count)
  for (let i = 0; i < count; i++) codes[i] = ((packed[i >>> logPerByte] ?? 0) >>> ((i & last) * bits)) & mask
  return codes
}

/** Takes `count` two's complement codes of 2 or 4 bits out of packed bytes, lowest bits first, and extends their signs. */
export function unpackSigned(packed: Uint8Array, count: number, bits: SubByteBits): Int8Array<ArrayBuffer> {
  const codes = new Int8Array(unpackUnsigned(packed, count, bits).buffer)
  const shift = 32 - bits
  for (let i = 0; i < count; i++) codes[i] = ((codes[i] ?? 0) << shift) >> shift
  return codes
}
