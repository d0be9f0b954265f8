import {
  type FileContent,
  refuseExisting,
  type WriteOptions,
  writeFileAtomic,
} from '../../codec/atomic-file.ts'
import { encodeModel, type ModelProto } from '../../codec/onnx.ts'
import { externalizeData } from './external-data.ts'

/** A model whose larger tensors are in a second file: that file comes first, then the model that refers to it. */
export interface ModelWithData {
  data(dataName: string): FileContent
  /** The model; asked for when the data is written. */
  model(dataName: string): ModelProto
}

/**
 * Writes a model, with its larger tensors in a second file where asked.
 *
 * @param external whether tensors go to a second file: `<path>.data`, or another name that begins and ends like it where that is taken
 * @throws FileError as `writeFileAtomic` does
 */
export async function writeOnnx(
  path: string,
  model: ModelProto,
  external: boolean,
  options: WriteOptions = {},
): Promise<void> {
  if (external) {
    await writeOnnxWithData(
      path,
      { data: (name) => externalizeData(model, name), model: () => model },
      options,
    )
    return
  }
  const earlier = options.overwrite ? await dataFilesOf(path) : []
  await writeFileAtomic(path, encodeModel(model), options)
  await remove(earlier)
}

/**
 * Writes a model and its data file. A model that is there names its own data file, so new data takes a name that is free: until the model is replaced, the
 * old one stays whole, and its data goes last.
 *
 * @throws FileError as `writeFileAtomic` does
 */
export async function writeOnnxWithData(
  path: string,
  { data, model }: ModelWithData,
  options: WriteOptions = {},
): Promise<void> {
  if (!options.overwrite) await refuseExisting(path)
  const { basename, dirname, join } = await import('node:path')
  const earlier = await dataFilesOf(path)
  const usual = `${basename(path)}.data`
  const isTaken = earlier.some((file) => basename(file) === usual)
  const id = globalThis.crypto.randomUUID().slice(0, 8)
  const dataName = isTaken ? `${basename(path)}.${id}.data` : usual
  const dataPath = join(dirname(path), dataName)
  await writeFileAtomic(dataPath, data(dataName))
  try {
    await writeFileAtomic(path, encodeModel(model(dataName)), options)
  } catch (error) {
    await remove([dataPath])
    throw error
  }
  if (options.overwrite) await remove(earlier)
}

/** Data files of earlier versions of a model. */
export async function dataFilesOf(path: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const { basename, dirname, join } = await import('node:path')
  const [folder, name] = [dirname(path), basename(path)]
  const entries = await readdir(folder).catch((): string[] => [])
  const rest = /^(\.[0-9a-f]{8})?\.data$/
  return entries
    .filter((entry) => entry.startsWith(name) && rest.test(entry.slice(name.length)))
    .map((entry) => join(folder, entry))
}

async function remove(paths: readonly string[]): Promise<void> {
  const { rm } = await import('node:fs/promises')
  for (const path of paths) await rm(path, { force: true }).catch(() => undefined)
}
