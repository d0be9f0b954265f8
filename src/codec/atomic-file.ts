import { FileError } from './file-error.ts'

/**
 * Writes a file so that a crash leaves either the old content or the new: the bytes go to a new file beside the target and to the
 * disk, and only then take the target's name. Nothing is left behind on failure. Needs Node.
 *
 * @param content the bytes, or pieces of them in order
 * @throws FileError when the folder is missing, is not writable, or the target is a folder
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const { open, rename, rm } = await import('node:fs/promises')
  const temporary = `${path}.${globalThis.crypto.randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx')
    try {
      // One piece after the other: nothing is held in memory longer than it takes to write it.
      for await (const piece of content instanceof Uint8Array ? [content] : content)
        await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    // The first failure is the one to report, also when there is nothing that could be removed.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw new FileError(
      `Cannot write "${path}": expected a file in a folder that can be written to, got ${reasonOf(cause)}`,
      path,
      { cause },
    )
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return String(cause)
}
