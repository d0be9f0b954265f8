import { dtypeInfo } from '../../tensor/dtype.ts'
import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { describePickled, type PickleValue } from '../pickle/pickle-value.ts'
import { unpickle } from '../pickle/unpickle.ts'
import { ZipArchive } from '../zip-archive.ts'
import { type PickledStorage, tensorRules } from './pickled-tensor.ts'

/** A file of torch.save: what was saved, and the storages that its tensors lie in. */
export interface SavedObject {
  readonly value: PickleValue
  /** Reads the bytes of a storage. */
  readonly read: (storage: PickledStorage) => Promise<Uint8Array>
}

const MAX_PICKLE_BYTES = 2 ** 28
const MAX_LEGACY_PICKLE_BYTES = 2 ** 26
/** First pickle of the format that came before zip. */
const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001
const LENGTH_BYTES = 8

/** Reads a file of torch.save in its zip form. */
export async function openZip(source: ByteSource): Promise<SavedObject> {
  const zip = await ZipArchive.open(source)
  const pickles = zip.names.filter((name) => name.split('/').length === 2 && name.endsWith('/data.pkl'))
  const [pickle] = pickles
  if (pickle === undefined || pickles.length !== 1)
    fail('data.pkl', 'an archive of torch.save with one such entry', `${pickles.length} of them`)
  const root = pickle.slice(0, -'data.pkl'.length)
  if (zip.sizeOf(`${root}byteorder`) !== undefined) {
    const order = new TextDecoder().decode(await zip.read(`${root}byteorder`, 64)).trim()
    if (order !== 'little') fail('byteorder', '"little"', `"${order}"`)
  }
  const { value } = unpickle(await zip.read(pickle, MAX_PICKLE_BYTES), 0, tensorRules())
  return {
    value,
    async read(storage) {
      const name = `${root}data/${storage.key}`
      const available = zip.sizeOf(name) ?? fail(name, 'an entry of this name', 'none')
      const needed = byteLengthOf(storage)
      if (available < needed) fail(name, `at least ${needed} bytes`, `${available}`)
      return zip.read(name)
    },
  }
}

/** Reads a file of torch.save in the form that came before zip: pickles one after the other, then the storages. */
export async function openLegacy(source: ByteSource): Promise<SavedObject> {
  const head = await source.read(0, Math.min(source.sizeBytes, MAX_LEGACY_PICKLE_BYTES))
  const magic = unpickle(head, 0, tensorRules())
  if (magic.value !== MAGIC)
    fail('header', 'the number that torch.save begins with', describePickled(magic.value), 0)
  const protocol = unpickle(head, magic.end, tensorRules())
  if (protocol.value !== PROTOCOL)
    fail('header', `protocol ${PROTOCOL}`, describePickled(protocol.value), magic.end)
  const system = unpickle(head, protocol.end, tensorRules())
  if (system.value instanceof Map && system.value.get('little_endian') === false)
    fail('header', 'little-endian data', 'big-endian data', protocol.end)
  const storages = new Map<string, PickledStorage>()
  const { value, end } = unpickle(head, system.end, tensorRules(storages))
  const keys = unpickle(head, end, tensorRules())
  if (!Array.isArray(keys.value)) return fail('storages', 'a list of names', describePickled(keys.value), end)
  const places = await findStorages(source, keys.end, keys.value.map(String), storages)
  return {
    value,
    async read(storage) {
      const place = places.get(storage.key) ?? fail(storage.key, 'a storage of the file', 'none')
      return source.read(place, byteLengthOf(storage))
    },
  }
}

/** Where storages begin: each lies after the one before, with its number of elements in front. */
async function findStorages(
  source: ByteSource,
  start: number,
  names: readonly string[],
  storages: ReadonlyMap<string, PickledStorage>,
): Promise<Map<string, number>> {
  const places = new Map<string, number>()
  let at = start
  for (const name of names) {
    const storage = storages.get(name) ?? fail(name, 'a storage that a tensor lies in', 'none', at)
    const next = at + LENGTH_BYTES + byteLengthOf(storage)
    if (next > source.sizeBytes) fail(name, `${next - at} bytes`, `${source.sizeBytes - at}`, at)
    const head = await source.read(at, LENGTH_BYTES)
    const count = new DataView(head.buffer).getBigUint64(0, true)
    if (count !== BigInt(storage.length)) fail(name, `${storage.length} elements`, `${count}`, at)
    places.set(name, at + LENGTH_BYTES)
    at = next
  }
  return places
}

function byteLengthOf({ dtype, length }: PickledStorage): number {
  return dtype === undefined ? length : (length * dtypeInfo(dtype).bits) / 8
}

function fail(subject: string, expected: string, got: string, offset?: number): never {
  throw new FormatError('pth', { subject, expected, got, ...(offset === undefined ? {} : { offset }) })
}
