import type { ByteSource } from '../../codec/byte-source.ts'
import { FormatError } from '../../codec/format-error.ts'
import { reachOf, readStrided } from '../../codec/strided.ts'
import { ZipArchive } from '../../codec/zip-archive.ts'
import { isConcrete } from '../../ir/dim.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { byteLength, type HostArray } from '../../tensor/host-array.ts'
import { JsonView } from './json-view.ts'
import { readTensorMeta, type TensorMeta } from './tensor-meta.ts'

const MAX_JSON_BYTES = 2 ** 28
const MARKER = 'archive_format'
/** What tensors may take beyond the archive's own size, since several can lie in the same bytes. */
const SPARE_BYTES = 2 ** 26
/** How often all of an archive may be read, inflated or not. */
const MAX_READS = 128

/** A tensor of the archive by the state it belongs to. */
export interface StoredTensor {
  /** Equal for tensors that are one. */
  readonly key: string
  readonly file: string
  readonly meta: TensorMeta
  readonly at: JsonView
}

/** An archive of `torch.export.save`, whose tensors are read one by one. */
export class Pt2Archive {
  readonly #zip: ZipArchive
  readonly #root: string
  readonly #sizeBytes: number
  #tensorBytes = 0
  #readBytes = 0
  #last: { readonly name: string; readonly bytes: Uint8Array } | undefined

  private constructor(zip: ZipArchive, root: string, sizeBytes: number) {
    this.#zip = zip
    this.#root = root
    this.#sizeBytes = sizeBytes
  }

  /** Reads the directory and finds out whether it is such an archive. @throws FormatError when it is not */
  static async open(source: ByteSource): Promise<Pt2Archive> {
    const zip = await ZipArchive.open(source)
    const markers = zip.names.filter((name) => name.split('/')[1] === MARKER)
    const [marker] = markers
    if (marker === undefined || markers.length !== 1) {
      throw new FormatError('pt2', {
        subject: MARKER,
        expected: 'an archive of torch.export.save with one such entry',
        got: `${markers.length} of them`,
        ...(zip.names.includes('serialized_exported_program.json')
          ? {
              hint: 'this is the archive of an older PyTorch; load it there and save it again with PyTorch 2.8 or later',
            }
          : {}),
      })
    }
    const archive = new Pt2Archive(zip, marker.slice(0, -MARKER.length), source.sizeBytes)
    await archive.#expect(MARKER, 'pt2')
    await archive.#expect('byteorder', 'little')
    return archive
  }

  /** Reads a JSON file. */
  async json(path: string): Promise<JsonView> {
    return JsonView.parse(await this.#zip.read(`${this.#root}${path}`, MAX_JSON_BYTES), path)
  }

  /** Reads which tensors there are of a kind, by the state's path. */
  async tensors(folder: 'weights' | 'constants'): Promise<Map<string, StoredTensor>> {
    const path = `data/${folder}/model_${folder}_config.json`
    if (this.#zip.sizeOf(`${this.#root}${path}`) === undefined) return new Map()
    const config = (await this.json(path)).field('config')
    const stored = config.entries().map(([name, view]): [string, StoredTensor] => {
      const pickled = view.optional('use_pickle')
      if (pickled?.boolean() === true) pickled.fail('false, a tensor that is not pickled', 'true')
      const meta = readTensorMeta(view.field('tensor_meta'))
      const file = `data/${folder}/${view.field('path_name').string()}`
      const { dtype, shape, strides, storageOffset } = meta
      return [
        name,
        { key: JSON.stringify([file, dtype, shape, strides, storageOffset]), file, meta, at: view },
      ]
    })
    return new Map(stored)
  }

  /** Reads a tensor. @throws FormatError when it does not lie within its entry */
  async read({ file, meta, at }: StoredTensor): Promise<HostArray> {
    const { dtype, shape, strides, storageOffset: offset } = meta
    if (!isConcrete(shape) || !isConcrete(strides) || typeof offset !== 'number')
      return at.fail('a tensor of known size')
    const name = `${this.#root}${file}`
    const available =
      this.#zip.sizeOf(name) ?? at.field('path_name').fail('the name of an entry', `"${file}"`)
    const layout = { dtype, shape, strides, offset }
    const needed = reachOf(layout) * (dtypeInfo(dtype).bits / 8)
    if (needed > available)
      at.field('tensor_meta').fail(`a tensor within ${available} bytes`, `${needed} bytes`)
    this.#tensorBytes += byteLength(dtype, shape)
    const limit = Math.max(available, this.#sizeBytes) * 4 + SPARE_BYTES
    if (this.#tensorBytes > limit)
      at.field('tensor_meta').fail(`at most ${limit} bytes of tensors`, `${this.#tensorBytes}`)
    return readStrided(await this.#file(name, at), layout)
  }

  /** Content of a file; that of the last one is kept, since tensors that lie in one follow each other. */
  async #file(name: string, at: JsonView): Promise<Uint8Array> {
    if (this.#last?.name === name) return this.#last.bytes
    const bytes = await this.#zip.read(name)
    this.#readBytes += bytes.byteLength
    const limit = this.#sizeBytes * MAX_READS + SPARE_BYTES
    if (this.#readBytes > limit)
      at.fail(`tensors that need at most ${limit} bytes to be read`, `${this.#readBytes}`)
    this.#last = { name, bytes }
    return bytes
  }

  async #expect(path: string, expected: string): Promise<void> {
    const name = `${this.#root}${path}`
    const got = new TextDecoder().decode(await this.#zip.read(name, 64)).trim()
    if (got !== expected)
      throw new FormatError('pt2', { subject: path, expected: `"${expected}"`, got: `"${got}"` })
  }
}
