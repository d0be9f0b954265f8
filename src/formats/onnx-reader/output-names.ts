import type { OutputTree } from '../../nn/output-tree.ts'

/** One output is what a call returns; several are a list in the file's order. */
export function outputTreeOf(names: readonly string[]): OutputTree {
  return names.length === 1 ? 0 : names.map((_, i) => i)
}
