import { statSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { FAMILIES, type Family } from './case.ts'
import { foldersIn } from './folders.ts'

/** A family's folder, and which paths in it are asked for. */
export interface FamilyRoot {
  readonly family: Family
  readonly folder: string
  /** Whether a path is inside what was asked for, or on the way to it. */
  readonly touches: (path: string) => boolean
}

/** What a DIR of the command line asks for. */
export interface Target {
  readonly roots: readonly FamilyRoot[]
  /** Behind a `#`: the identifier of one entry, or one part. */
  readonly id: string | undefined
}

/**
 * Finds out what a DIR means: a folder of families, one family, or a folder or file inside one, each with `#` and the
 * identifier of an entry or a part behind it where only that is wanted.
 *
 * @returns undefined when there is nothing at the path, or it belongs to no family
 */
export function findTarget(dir: string): Target | undefined {
  const [given = '', id] = dir.split('#', 2)
  const path = resolve(given)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  const inside = stats.isDirectory() ? FAMILIES.filter((family) => foldersIn(path).includes(family)) : []
  if (inside.length > 0) {
    return { roots: inside.map((family) => rootOf(family, join(path, family), path)), id }
  }
  const above = familyAbove(path)
  return above && { roots: [rootOf(above.family, above.folder, path)], id }
}

function rootOf(family: Family, folder: string, within: string): FamilyRoot {
  return { family, folder, touches: (path) => contains(within, path) || contains(path, within) }
}

/** The nearest folder at or above a path that has a family's name. */
function familyAbove(path: string): { readonly family: Family; readonly folder: string } | undefined {
  const family = FAMILIES.find((name) => name === basename(path))
  if (family !== undefined) return { family, folder: path }
  return dirname(path) === path ? undefined : familyAbove(dirname(path))
}

function contains(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
}
