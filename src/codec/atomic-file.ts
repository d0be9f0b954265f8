import { FileError } from './file-error.ts'

/** How files are written. */
export interface WriteOptions {
  /** Whether a file of that name is replaced. Default: false, which refuses. */
  readonly overwrite?: boolean
}

/** What becomes a file: its bytes, pieces of them in order, or what writes them into a file that is there and empty. */
export type FileContent =
  | Uint8Array
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>
  | ((path: string) => Promise<void>)

/**
 * Writes a file so that a crash, a full disk or a kill leaves either what was there or all of the new content: the bytes go to a new file beside the target
 * and to the disk, and only then take the target's name. Nothing is left behind on failure, a kill apart. Needs Node.
 *
 * @throws FileError when there is a file already that must not be overwritten, when the folder is missing or is not writable, or the disk is full; what the
 * content throws
 */
export async function writeFileAtomic(
  path: string,
  content: FileContent,
  { overwrite = false }: WriteOptions = {},
): Promise<void> {
  const { rm } = await import('node:fs/promises')
  if (!overwrite) await refuseExisting(path)
  const temporary = `${path}.${globalThis.crypto.randomUUID()}.tmp`
  try {
    await writeSynced(temporary, content)
    await takeName(temporary, path, overwrite)
  } catch (cause) {
    // The first failure is the one to report, also when there is nothing that could be removed.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw unwritable(path, cause)
  }
  await syncFolder(path)
}

/** Removes what kills have left of earlier writes of a file; nobody else may be writing it. */
export async function removeLeftovers(path: string): Promise<void> {
  const { readdir, rm } = await import('node:fs/promises')
  const { basename, dirname, join } = await import('node:path')
  const isLeft = (name: string) =>
    name.startsWith(`${basename(path)}.`) && LEFTOVER.test(name.slice(basename(path).length))
  const names = await readdir(dirname(path)).catch((): string[] => [])
  for (const name of names.filter(isLeft)) await rm(join(dirname(path), name), { force: true })
}

/** What a temporary name adds to the name of the file. */
const LEFTOVER = /^\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/

/** @throws FileError when something has that name already */
export async function refuseExisting(path: string): Promise<void> {
  const { lstat } = await import('node:fs/promises')
  const found = await lstat(path).then(
    (stats) => (stats.isDirectory() ? 'a folder' : 'one'),
    () => undefined,
  )
  if (found !== undefined) throw alreadyThere(path, found)
}

/** Writes a new file and waits until the disk has it. */
export async function writeSynced(path: string, content: FileContent): Promise<void> {
  const { open } = await import('node:fs/promises')
  const file = await open(path, 'wx')
  try {
    if (typeof content === 'function') await content(path)
    // One piece after the other: nothing is held in memory longer than it takes to write it.
    else
      for await (const piece of content instanceof Uint8Array ? [content] : content)
        await file.writeFile(piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Waits until the disk has the names in the folder of a path, where the system can do that. */
export async function syncFolder(path: string): Promise<void> {
  const { open } = await import('node:fs/promises')
  const { dirname } = await import('node:path')
  const folder = await open(dirname(path), 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

/** What a failure of the system to write says of a path. Other failures, those of what makes the content, are returned as they are. */
export function unwritable(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (cause instanceof FileError || typeof code !== 'string') return cause
  return new FileError(
    `Cannot write "${path}": expected a file in a folder that can be written to, got ${code}`,
    path,
    { cause },
  )
}

/** Gives a file its name. Without `overwrite` a second name does it, which fails if another process was faster. */
async function takeName(temporary: string, path: string, overwrite: boolean): Promise<void> {
  const { link, rename, rm } = await import('node:fs/promises')
  if (overwrite) return rename(temporary, path)
  try {
    await link(temporary, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') throw alreadyThere(path, 'one')
    // Some file systems have one name for a file.
    await refuseExisting(path)
    return rename(temporary, path)
  }
  // The content is in place: a second name that stays is no failure.
  await rm(temporary, { force: true }).catch(() => undefined)
}

function alreadyThere(path: string, found: string): FileError {
  return new FileError(
    `Cannot write "${path}": expected no file of that name, got ${found}\nHint: { overwrite: true } replaces a file`,
    path,
  )
}
