import { refuseExisting, type WriteOptions, writeFileAtomic } from '../../codec/atomic-file.ts'
import { encodeModel, type ModelProto } from '../../codec/onnx.ts'
import { externalizeData } from './external-data.ts'

/**
 * Writes a model, with its larger tensors in a second file where asked. A model that is there names its own data file, so new data takes a name that is free:
 * until the model is replaced, the old one stays whole, and its data goes last.
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
  if (!options.overwrite) await refuseExisting(path)
  const { basename, dirname, join } = await import('node:path')
  const { rm } = await import('node:fs/promises')
  const [folder, name] = [dirname(path), basename(path)]
  const earlier = await dataFilesOf(folder, name)
  const dataName = external ? freeName(name, earlier) : undefined
  if (dataName !== undefined) await writeFileAtomic(join(folder, dataName), externalizeData(model, dataName))
  try {
    await writeFileAtomic(path, encodeModel(model), options)
  } catch (error) {
    if (dataName !== undefined) await rm(join(folder, dataName), { force: true }).catch(() => undefined)
    throw error
  }
  if (options.overwrite)
    for (const old of earlier) await rm(join(folder, old), { force: true }).catch(() => undefined)
}

/** Names of the data files of earlier versions of a model. */
async function dataFilesOf(folder: string, name: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises')
  const entries = await readdir(folder).catch((): string[] => [])
  return entries.filter((entry) => {
    const middle = entry.slice(name.length, -'.data'.length)
    return (
      entry.startsWith(name) &&
      entry.endsWith('.data') &&
      (middle === '' || /^\.[0-9a-f]{8}$/.test(middle)) &&
      entry.length >= name.length + '.data'.length
    )
  })
}

function freeName(name: string, taken: readonly string[]): string {
  const usual = `${name}.data`
  return taken.includes(usual) ? `${name}.${globalThis.crypto.randomUUID().slice(0, 8)}.data` : usual
}
