import { access, readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { FileError } from '../../codec/file-error.ts'
import { CommandError } from '../exit-code.ts'

/** What files hold. */
export type DataKind = 'arrays' | 'pictures' | 'text' | 'module'

/** Endings of the files of each kind. */
const ENDINGS: Readonly<Record<DataKind, readonly string[]>> = {
  arrays: ['.npy', '.npz', '.safetensors', '.jsonl'],
  pictures: ['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.avif', '.svg'],
  text: ['.txt'],
  module: ['.mjs', '.js', '.cjs', '.ts', '.mts'],
}
/** A folder's programs are not run unless they are named. */
const FOLDER_KINDS: readonly DataKind[] = ['arrays', 'pictures', 'text']

/** Files of one kind, in the order of their names. */
export interface DataFiles {
  readonly kind: DataKind
  readonly paths: readonly string[]
}

/**
 * The files that a path stands for: itself, or those in a folder and in the folders below it.
 * @throws FileError when nothing is there; CommandError for files of no known kind, or of several kinds in a folder
 */
export async function findDataFiles(path: string): Promise<DataFiles> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`Cannot read "${path}": expected data, got ${cause.code}`, path, { cause })
  })
  if (stats.isDirectory()) return filesOfFolder(path)
  const kind = kindOf(path)
  if (kind !== undefined) return { kind, paths: [path] }
  throw new CommandError(
    `Cannot use "${path}": expected data as ${Object.values(ENDINGS).flat().join(', ')} or a folder, got "${extname(path)}"`,
  )
}

/** The first of some folders' files of a name; undefined where no folder has one. */
export async function findBeside(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

async function filesOfFolder(folder: string): Promise<DataFiles> {
  const names = (await readdir(folder, { recursive: true })).sort()
  const found = FOLDER_KINDS.map((kind) => ({
    kind,
    paths: names.filter((name) => kindOf(name) === kind).map((name) => join(folder, name)),
  })).filter(({ paths }) => paths.length > 0)
  const [only, other] = found
  if (only === undefined)
    throw new CommandError(
      `Cannot use "${folder}": expected a folder with files ${FOLDER_KINDS.flatMap((kind) => ENDINGS[kind]).join(', ')}, got none of them`,
    )
  if (other === undefined) return only
  throw new CommandError(
    `Cannot use "${folder}": expected files of one kind, got ${found.map(({ kind, paths }) => `${paths.length} of ${kind}`).join(' and ')}\n` +
      'Hint: name the files, or keep each kind in a folder of its own',
  )
}

function kindOf(path: string): DataKind | undefined {
  const ending = extname(path).toLowerCase()
  return (Object.keys(ENDINGS) as DataKind[]).find((kind) => ENDINGS[kind].includes(ending))
}
