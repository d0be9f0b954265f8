import {
  type FileContent,
  refuseExisting,
  type WriteOptions,
  writeFileAtomic,
} from '../../codec/atomic-file.ts'
import { containedPath } from '../../codec/contained-path.ts'
import { encodeModel, type ModelProto } from '../../codec/onnx.ts'
import { externalizeData } from './external-data.ts'

/** A model whose larger tensors are in a second file: that file comes first, then the model that refers to it. */
export interface ModelWithData {
  data(dataName: string): FileContent
  /** The model; asked for when the data is written. */
  model(dataName: string): ModelProto
}

/** How a model with a data file is written. */
export interface WriteOnnxOptions extends WriteOptions {
  /**
   * Name of the data file, in the folder of the model: transformers.js wants `model.onnx_data`. Where a model with this data file is replaced, the old model goes
   * first, so that no kill leaves it with data of another. Default: `<model>.data`, or `<model>.<id>.data` where that is taken, which keeps the old one whole.
   */
  readonly dataName?: string
}

/**
 * Writes a model, with its larger tensors in a second file where asked.
 *
 * @param external whether tensors go to a second file
 * @throws FileError as `writeFileAtomic` does
 */
export async function writeOnnx(
  path: string,
  model: ModelProto,
  external: boolean,
  options: WriteOnnxOptions = {},
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
  options: WriteOnnxOptions = {},
): Promise<void> {
  if (!options.overwrite) await refuseExisting(path)
  const { dirname } = await import('node:path')
  const earlier = await dataFilesOf(path)
  const dataName = options.dataName ?? (await freeDataName(path, earlier))
  const dataPath = await containedPath(dirname(path), dataName)
  const replacesData = options.overwrite === true && earlier.includes(dataPath)
  if (replacesData) await remove([path])
  await writeFileAtomic(dataPath, data(dataName), { overwrite: replacesData })
  try {
    await writeFileAtomic(path, encodeModel(model(dataName)), options)
  } catch (error) {
    await remove([dataPath])
    throw error
  }
  if (options.overwrite) await remove(earlier.filter((file) => file !== dataPath))
}

async function freeDataName(path: string, earlier: readonly string[]): Promise<string> {
  const { basename } = await import('node:path')
  const usual = `${basename(path)}.data`
  const isTaken = earlier.some((file) => basename(file) === usual)
  return isTaken ? `${basename(path)}.${globalThis.crypto.randomUUID().slice(0, 8)}.data` : usual
}

/** Data files of a model, and of earlier versions of it. */
export async function dataFilesOf(path: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const { basename, dirname, join } = await import('node:path')
  const [folder, name] = [dirname(path), basename(path)]
  const entries = await readdir(folder).catch((): string[] => [])
  const rest = /^((\.[0-9a-f]{8})?\.data|_data)$/
  return entries
    .filter((entry) => entry.startsWith(name) && rest.test(entry.slice(name.length)))
    .map((entry) => join(folder, entry))
}

async function remove(paths: readonly string[]): Promise<void> {
  const { rm } = await import('node:fs/promises')
  for (const path of paths) await rm(path, { force: true }).catch(() => undefined)
}
