import { dtypeInfo } from '../../tensor/dtype.ts'
import { byteLength, type HostArray } from '../../tensor/host-array.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { describePickled, type PickleValue } from '../pickle/pickle-value.ts'
import { reachOf, readStrided } from '../strided.ts'
import { type PickledStorage, PickledTensor } from './pickled-tensor.ts'
import { openLegacy, openZip, type SavedObject } from './storage-files.ts'

/** What tensors may take beyond the file's own size, since several can lie in the same bytes. */
const SPARE_BYTES = 2 ** 26
/** How often all of a file may be read, inflated or not. */
const MAX_READS = 128

/**
 * Reads the tensors of a state dict that torch.save wrote, in its zip form or the one before.
 *
 * @param isZip which of them
 * @param key where the state dict is in a checkpoint of several things
 * @throws FormatError for what is no state dict, or refers to anything but tensors and plain values
 */
export async function readTorchState(
  source: ByteSource,
  isZip: boolean,
  key: string | undefined,
): Promise<Map<string, HostArray>> {
  const saved = await (isZip ? openZip(source) : openLegacy(source))
  const tensors = tensorsOf(saved.value, key)
  return new TensorReader(saved, source.sizeBytes).readAll(tensors)
}

/** The tensors by name. */
function tensorsOf(value: PickleValue, key: string | undefined): Map<string, PickledTensor> {
  const dictionary = key !== undefined && value instanceof Map ? (value.get(key) ?? null) : value
  if (!(dictionary instanceof Map)) {
    const subject = key ?? 'state dict'
    throw new FormatError('pth', {
      subject,
      expected: 'a dictionary of tensors',
      got: describePickled(dictionary),
    })
  }
  const tensors = new Map<string, PickledTensor>()
  for (const [name, entry] of dictionary) {
    if (typeof name === 'string' && entry instanceof PickledTensor) tensors.set(name, entry)
    else throw notTensor(name, entry, dictionary)
  }
  return tensors
}

function notTensor(
  name: PickleValue,
  entry: PickleValue,
  dictionary: Map<PickleValue, PickleValue>,
): FormatError {
  const nested = [...dictionary].find(([, value]) => value instanceof Map && isState(value))?.[0]
  return new FormatError('pth', {
    subject: typeof name === 'string' ? name : describePickled(name),
    expected: 'a tensor under a name',
    got: describePickled(entry),
    ...(typeof nested === 'string' ? { hint: `{ key: '${nested}' } reads the state dict in it` } : {}),
  })
}

function isState(dictionary: Map<PickleValue, PickleValue>): boolean {
  return dictionary.size > 0 && [...dictionary.values()].every((value) => value instanceof PickledTensor)
}

class TensorReader {
  readonly #saved: SavedObject
  readonly #limit: number
  readonly #arrays = new Map<string, HostArray>()
  #total = 0
  readonly #readLimit: number
  #readBytes = 0
  #last: { readonly storage: PickledStorage; readonly bytes: Uint8Array } | undefined

  constructor(saved: SavedObject, sizeBytes: number) {
    this.#saved = saved
    this.#limit = sizeBytes * 4 + SPARE_BYTES
    this.#readLimit = sizeBytes * MAX_READS + SPARE_BYTES
  }

  /** Tensors that are one are one array. */
  async readAll(tensors: ReadonlyMap<string, PickledTensor>): Promise<Map<string, HostArray>> {
    const result = new Map<string, HostArray>()
    for (const [name, tensor] of tensors) {
      const key = JSON.stringify([tensor.storage.key, tensor.layout])
      const array = this.#arrays.get(key) ?? (await this.#read(name, tensor))
      this.#arrays.set(key, array)
      result.set(name, array)
    }
    return result
  }

  /** Bytes of a storage; those of the last one are kept, since tensors that lie in one follow each other. */
  async #content(name: string, storage: PickledStorage): Promise<Uint8Array> {
    if (this.#last?.storage === storage) return this.#last.bytes
    const bytes = await this.#saved.read(storage)
    this.#readBytes += bytes.byteLength
    if (this.#readBytes > this.#readLimit)
      fail(name, `tensors that need at most ${this.#readLimit} bytes to be read`, `${this.#readBytes}`)
    this.#last = { storage, bytes }
    return bytes
  }

  async #read(name: string, { storage, layout }: PickledTensor): Promise<HostArray> {
    const needed = reachOf(layout) * (dtypeInfo(layout.dtype).bits / 8)
    const bytes = needed === 0 ? new Uint8Array() : await this.#content(name, storage)
    if (needed > bytes.byteLength) fail(name, `a tensor within ${bytes.byteLength} bytes`, `${needed} bytes`)
    this.#total += byteLength(layout.dtype, layout.shape)
    if (this.#total > this.#limit) fail(name, `at most ${this.#limit} bytes of tensors`, `${this.#total}`)
    return readStrided(bytes, needed === 0 ? { ...layout, offset: 0 } : layout)
  }
}

function fail(subject: string, expected: string, got: string): never {
  throw new FormatError('pth', { subject, expected, got })
}
