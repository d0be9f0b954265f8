import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Names of the folders in a folder, sorted; none where it is missing. */
export function foldersIn(folder: string): string[] {
  return namesIn(folder, 'folder')
}

/** Paths of the files in a folder whose names end so, sorted. */
export function filesIn(folder: string, ending: string): string[] {
  return namesIn(folder, 'file')
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
}

function namesIn(folder: string, kind: 'file' | 'folder'): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (kind === 'folder'))
    .map(({ name }) => name)
    .toSorted()
}
