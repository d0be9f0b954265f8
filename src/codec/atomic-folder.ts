import { syncFolder, unwritable, type WriteOptions, writeSynced } from './atomic-file.ts'
import { containedPath } from './contained-path.ts'
import { FileError } from './file-error.ts'

/** Files of a folder by their paths in it, with forward slashes. */
export type FolderFiles = Readonly<Record<string, Uint8Array | Iterable<Uint8Array>>>

/**
 * Writes a folder that is there whole or not at all, as `AtomicFolder` does.
 * @throws FileError when something of that name is there and must not be overwritten, a path leaves the folder, or nothing can be written
 */
export async function writeFolderAtomic(
  path: string,
  files: FolderFiles,
  options: WriteOptions = {},
): Promise<void> {
  const folder = await AtomicFolder.create(path, options)
  try {
    for (const [location, content] of Object.entries(files)) await folder.write(location, content)
    await folder.commit()
  } catch (error) {
    await folder.discard()
    throw error
  }
}

/**
 * A folder of files that is there whole or not at all: its files go to a new folder beside the target, and `commit` gives that the target's name. Needs Node.
 *
 * Systems have no way to exchange two folders in one step: where a folder is replaced, the old one is set aside first, and a kill between the two steps leaves
 * it, complete, as `<path>.<id>.old`.
 */
export class AtomicFolder {
  readonly #path: string
  readonly #temporary: string
  readonly #aside: string
  readonly #overwrite: boolean
  /** Where files were written. */
  readonly #folders = new Set<string>()

  private constructor(path: string, overwrite: boolean) {
    const id = globalThis.crypto.randomUUID()
    this.#path = path.replace(/[/\\]+$/, '')
    this.#temporary = `${this.#path}.${id}.tmp`
    this.#aside = `${this.#path}.${id}.old`
    this.#overwrite = overwrite
  }

  /**
   * Begins a folder. A folder of that name that is empty may be there.
   * @throws FileError when there is a file, or a folder that is not empty and must not be overwritten, or nothing can be written there
   */
  static async create(path: string, { overwrite = false }: WriteOptions = {}): Promise<AtomicFolder> {
    const { mkdir, realpath } = await import('node:fs/promises')
    const folder = new AtomicFolder(await realpath(path).catch(() => path), overwrite)
    try {
      await folder.#entries()
      await mkdir(folder.#temporary, { recursive: true })
    } catch (cause) {
      throw unwritable(path, cause)
    }
    return folder
  }

  /**
   * Writes a file of the folder, to the disk.
   * @param location its path in the folder, with forward slashes
   * @returns where it is until `commit`
   * @throws FileError for a path that leaves the folder, or what cannot be written
   */
  async write(
    location: string,
    content: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<string> {
    const { mkdir } = await import('node:fs/promises')
    const { dirname } = await import('node:path')
    const path = await containedPath(this.#temporary, location)
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeSynced(path, content)
      for (let at = dirname(path); at.length >= this.#temporary.length; at = dirname(at))
        this.#folders.add(at)
    } catch (cause) {
      throw unwritable(path, cause)
    }
    return path
  }

  /** Gives the folder its name. @throws FileError as `create` does; the folder is discarded then */
  async commit(): Promise<void> {
    const { rename, rm, rmdir } = await import('node:fs/promises')
    for (const each of this.#folders) await syncFolder(`${each}/.`)
    try {
      const entries = await this.#entries()
      if (entries === 0) await rmdir(this.#path)
      const isThere = entries > 0
      if (isThere) await rename(this.#path, this.#aside)
      await rename(this.#temporary, this.#path).catch(async (error: unknown) => {
        if (isThere) await rename(this.#aside, this.#path)
        throw error
      })
      if (isThere) await rm(this.#aside, { recursive: true, force: true }).catch(() => undefined)
    } catch (cause) {
      await this.discard()
      throw unwritable(this.#path, cause)
    }
    await syncFolder(this.#path)
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    const { rm } = await import('node:fs/promises')
    await rm(this.#temporary, { recursive: true, force: true }).catch(() => undefined)
  }

  /**
   * How many entries the folder has that is there; -1 where there is none.
   * @throws FileError when it has some and must not be overwritten
   */
  async #entries(): Promise<number> {
    const { readdir } = await import('node:fs/promises')
    const entries = await readdir(this.#path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    })
    if (entries === undefined || entries.length === 0 || this.#overwrite) return entries?.length ?? -1
    throw new FileError(
      `Cannot write "${this.#path}": expected no folder of that name or an empty one, got ${entries.length} entries\n` +
        'Hint: { overwrite: true } replaces a folder',
      this.#path,
    )
  }
}
