import { FileError } from './file-error.ts'

/**
 * The path of a file that a model names, which must lie in a folder: names come from files of others, and from modules.
 *
 * @param folder the folder that nothing may leave
 * @param location path in the folder, with forward slashes
 * @throws FileError for a path that is empty, absolute, names a drive, goes up, holds a backslash or NUL, or passes a symbolic link
 */
export async function containedPath(folder: string, location: string): Promise<string> {
  const problem = problemOf(location)
  if (problem !== undefined) throw outside(folder, location, problem)
  const { lstat } = await import('node:fs/promises')
  const { join } = await import('node:path')
  let path = folder
  for (const segment of location.split('/')) {
    path = join(path, segment)
    // What is not there yet is no link.
    const stats = await lstat(path).catch(() => undefined)
    if (stats?.isSymbolicLink()) throw outside(folder, location, `a symbolic link at "${path}"`)
  }
  return path
}

function problemOf(location: string): string | undefined {
  if (location === '') return 'an empty one'
  if (location.includes('\0')) return 'one with NUL'
  if (location.includes('\\')) return 'one with a backslash'
  if (/^[A-Za-z]:/.test(location)) return 'one with a drive'
  if (location.startsWith('/')) return 'an absolute one'
  const segments = location.split('/')
  if (segments.includes('..')) return 'one that goes up'
  return segments.some((segment) => segment === '' || segment === '.') ? 'one with an empty part' : undefined
}

function outside(folder: string, location: string, got: string): FileError {
  const name = location.replaceAll('\0', '\\0')
  return new FileError(
    `Cannot use the path "${name}": expected a relative path inside "${folder}", got ${got}`,
    location,
  )
}
