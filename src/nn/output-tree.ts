import { Tensor } from '../engine/tensor.ts'

/** How tensors are arranged in a result: the place of one in the flat list, null for a tensor that is absent, or an array or object of such. */
export type OutputTree = number | null | readonly OutputTree[] | { readonly [key: string]: OutputTree }

/**
 * Takes a result apart into its tensors, in order, and their arrangement.
 * @throws TypeError for anything but tensors, null, arrays and plain objects
 */
export function flatten(result: unknown, tensors: Tensor[] = []): { tree: OutputTree; tensors: Tensor[] } {
  if (result instanceof Tensor) return { tree: tensors.push(result) - 1, tensors }
  if (result === null) return { tree: null, tensors }
  if (Array.isArray(result)) return { tree: result.map((entry) => flatten(entry, tensors).tree), tensors }
  if (typeof result === 'object' && Object.getPrototypeOf(result) === Object.prototype) {
    const entries = Object.entries(result).map(([key, entry]) => [key, flatten(entry, tensors).tree])
    return { tree: Object.fromEntries(entries), tensors }
  }
  throw new TypeError(
    `Cannot flatten a result: expected tensors in arrays or plain objects, got ${typeof result}`,
  )
}

/** Puts tensors back into their arrangement. */
export function unflatten(tree: OutputTree, tensors: readonly Tensor[]): unknown {
  if (tree === null) return null
  if (typeof tree === 'number') return tensors[tree]
  if (Array.isArray(tree)) return tree.map((entry) => unflatten(entry, tensors))
  return Object.fromEntries(Object.entries(tree).map(([key, entry]) => [key, unflatten(entry, tensors)]))
}

/** Names of the tensors of an argument, in order: `x` for a tensor, `x_0`, `x_key` for entries. */
export function leafPaths(tree: OutputTree, name: string): string[] {
  if (tree === null) return []
  if (typeof tree === 'number') return [name]
  return Object.entries(tree).flatMap(([key, entry]) => leafPaths(entry, `${name}_${key}`))
}
