import { joined, numbers } from './zip-builder.ts'

/** Instructions of a pickle, one after the other, with a stop at the end. */
export function pickle(...parts: readonly (Uint8Array | number | string)[]): Uint8Array<ArrayBuffer> {
  return joined([numbers([1, 0x80], [1, 2]), ...parts.map(bytesOf), numbers([1, 0x2e])])
}

/** Pushes a text. */
export function text(value: string): Uint8Array {
  const encoded = new TextEncoder().encode(value)
  return joined([numbers([1, 0x58], [4, encoded.byteLength]), encoded])
}

/** Pushes a whole number of 32 bits. */
export function int(value: number): Uint8Array {
  return numbers([1, 0x4a], [4, value])
}

/** Pushes a function by name. */
export function global(module: string, name: string): Uint8Array {
  return new TextEncoder().encode(`c${module}\n${name}\n`)
}

/** Pushes a tuple. */
export function tuple(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  return joined([bytesOf('('), ...parts.map(bytesOf), bytesOf('t')])
}

/** Pushes a dictionary of texts to what instructions push. */
export function dict(entries: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return joined([
    bytesOf('}('),
    ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]),
    bytesOf('u'),
  ])
}

/** What a storage in a file is told to be. */
export interface StorageFields {
  readonly key?: string
  readonly type?: string
  readonly length?: number
}

/** Pushes a storage. */
export function storage({ key = '0', type = 'FloatStorage', length = 4 }: StorageFields = {}): Uint8Array {
  return joined([
    tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(length)),
    bytesOf('Q'),
  ])
}

/** Pushes a tensor of a storage. */
export function tensor(
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
  fields: StorageFields = {},
): Uint8Array {
  const args = tuple(
    storage(fields),
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    numbers([1, 0x89]),
    'N',
  )
  return joined([global('torch._utils', '_rebuild_tensor_v2'), args, bytesOf('R')])
}

function bytesOf(part: Uint8Array | number | string): Uint8Array {
  if (typeof part === 'number') return numbers([1, part])
  return typeof part === 'string' ? new TextEncoder().encode(part) : part
}
