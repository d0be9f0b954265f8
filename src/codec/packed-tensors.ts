import { byteLength, HostArray } from '../tensor/host-array.ts'
import { FormatError } from './format-error.ts'

/** Entry of a safetensors file's metadata: a JSON object of the tensors whose bytes are packed, with their dtypes and shapes. */
const METADATA_KEY = 'lowbit.packed'
const PACKED_DTYPES = ['int4', 'uint4', 'int2', 'uint2'] as const

/** Tensors as a safetensors file can hold them, and what its metadata says of them. */
export interface PackedTensors {
  readonly tensors: Map<string, HostArray>
  readonly metadata: Map<string, string>
}

/** Makes integers below eight bits, for which safetensors has no dtype, vectors of their packed bytes. */
export function packTensors(state: ReadonlyMap<string, HostArray>): PackedTensors {
  const packed: Record<string, { readonly dtype: string; readonly shape: readonly number[] }> =
    Object.create(null)
  const tensors = new Map<string, HostArray>()
  for (const [name, array] of state) {
    const { dtype, shape, bytes } = array
    const isPacked = PACKED_DTYPES.some((each) => each === dtype)
    if (isPacked) packed[name] = { dtype, shape }
    tensors.set(name, isPacked ? new HostArray('uint8', [bytes.byteLength], bytes) : array)
  }
  const isPlain = Object.keys(packed).length === 0
  return { tensors, metadata: new Map(isPlain ? [] : [[METADATA_KEY, JSON.stringify(packed)]]) }
}

/**
 * Takes back what `packTensors` did.
 * @throws FormatError for metadata that does not fit the tensors
 */
export function unpackTensors(
  tensors: ReadonlyMap<string, HostArray>,
  metadata: ReadonlyMap<string, string>,
): Map<string, HostArray> {
  const restored = new Map(tensors)
  for (const [name, entry] of Object.entries(parsed(metadata.get(METADATA_KEY) ?? '{}'))) {
    const array = tensors.get(name)
    const dtype = PACKED_DTYPES.find((each) => each === Object(entry).dtype)
    const shape: unknown = Object(entry).shape
    const fits = array?.dtype === 'uint8' && dtype !== undefined && isShape(shape)
    if (!fits || byteLength(dtype, shape) !== array.bytes.byteLength)
      fail(name, 'the dtype and the shape of its packed bytes', JSON.stringify(entry) ?? 'none')
    restored.set(name, new HostArray(dtype, shape, array.bytes))
  }
  return restored
}

function parsed(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return fail(METADATA_KEY, 'a JSON object', text.slice(0, 40))
  }
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}

function fail(subject: string, expected: string, got: string): never {
  throw new FormatError('safetensors', { subject, expected, got })
}
