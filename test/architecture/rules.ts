import { posix } from 'node:path'
import { findCycles } from './cycles.ts'
import { FRONT_DOOR, type LayerTable } from './layers.ts'
import type { ImportEdge, SourceFile } from './source-file.ts'

const MAX_LINES = 400
const VAGUE_NAMES = ['utils', 'util', 'helpers', 'helper', 'misc', 'common', 'shared']

/** Says of every import that points the wrong way where it is and what would be allowed; also of type-only imports. */
export function checkLayers(files: readonly SourceFile[], layers: LayerTable): string[] {
  return files.flatMap((file) => {
    const from = layerOf(file.path)
    if (file.path === FRONT_DOOR) return []
    const allowed = layers[from]
    if (!allowed)
      return [`${file.path}: expected a folder of ${Object.keys(layers).join(', ')}, got "${from}"`]
    return file.edges
      .filter(({ to }) => ![from, ...allowed].includes(layerOf(to)))
      .map((edge) => describeWrongEdge(file.path, edge, from, allowed))
  })
}

function describeWrongEdge(path: string, edge: ImportEdge, from: string, allowed: readonly string[]): string {
  const expected = allowed.length === 0 ? 'no other layer' : allowed.join(', ')
  return `${path}:${edge.line}: ${from} may import ${expected}; got ${edge.to}`
}

/** Says of every cycle of imports that remain at run time which files it goes through. */
export function checkCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(
    files.map(({ path, edges }) => [path, edges.filter(({ typeOnly }) => !typeOnly).map(({ to }) => to)]),
  )
  return findCycles(graph).map((cycle) => [...cycle, cycle[0]].join(' -> '))
}

/** Says which imports lead to no file of src/, as a path with a missing extension does. */
export function checkTargets(files: readonly SourceFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path))
  return files.flatMap(({ path, edges }) =>
    edges.filter(({ to }) => !paths.has(to)).map(({ to, line }) => `${path}:${line}: no file ${to}`),
  )
}

/** Says which names tell nothing about what is inside. */
export function checkNames(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.split('/').some((part) => VAGUE_NAMES.includes(part.split('.')[0] ?? part)))
    .map(({ path }) => `${path}: name the thing that it holds`)
}

/** Says which files are longer than a reader keeps in mind. */
export function checkLengths(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}: expected at most ${MAX_LINES} lines, got ${lines}`)
}

/** Says where an error has no class that tells a caller what went wrong. */
export function checkErrors(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, bareErrors }) =>
    bareErrors.map(
      (line) => `${path}:${line}: expected RangeError, TypeError or a class of lowbit, got Error`,
    ),
  )
}

/** Says where a name gets a second home: only an index.ts may export what another file declares. */
export function checkReExports(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => posix.basename(path) !== 'index.ts')
    .flatMap(({ path, reExports }) =>
      reExports.map((line) => `${path}:${line}: only an index.ts may re-export`),
    )
}

function layerOf(path: string): string {
  return path.split('/')[0] ?? path
}
