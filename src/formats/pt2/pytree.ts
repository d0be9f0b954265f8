import type { OutputTree } from '../../nn/output-tree.ts'
import { JsonView } from './json-view.ts'

const ARRAYS = new Set(['builtins.tuple', 'builtins.list', 'collections.deque', 'torch.Size'])
const MAX_LEAVES = 100_000

/** The place that each leaf has among the tensors; null for Python's None, undefined for another constant, which is left out. */
export type LeafPlaces = readonly (number | null | undefined)[]

/**
 * Reads how leaves are arranged in arguments or results: PyTorch's description as JSON text. Tuples and lists become arrays, dictionaries and
 * objects with named fields become objects. Constants are left out, and so is what has no other leaves.
 *
 * @throws FormatError when it does not fit the number of leaves
 */
export function readTree(view: JsonView, places: LeafPlaces): OutputTree | undefined {
  const text = new TextEncoder().encode(view.string())
  const [, spec] = JsonView.parse(text, view.path).items()
  if (spec === undefined) return view.fail('the description of a tree')
  let leaves = 0
  const walk = (node: JsonView): OutputTree | undefined => {
    const type = node.optional('type')?.string()
    if (type === undefined) {
      if (++leaves > Math.min(places.length, MAX_LEAVES)) view.fail(`${places.length} leaves`, 'more')
      return places[leaves - 1]
    }
    const children = node.field('children_spec').items().map(walk)
    const keys = ARRAYS.has(type) ? undefined : keysOf(node)
    if (keys === undefined) return whole(children.filter((child) => child !== undefined))
    if (keys.length !== children.length) node.fail(`${children.length} keys`, `${keys.length}`)
    return whole(fromKeys(keys, children))
  }
  const tree = walk(spec)
  if (leaves !== places.length) view.fail(`${places.length} leaves`, `${leaves}`)
  return tree
}

function whole(tree: OutputTree): OutputTree | undefined {
  return tree !== null && Object.keys(tree).length === 0 ? undefined : tree
}

/** The keys of a dictionary, or the fields of an object; undefined for what has none. */
function keysOf(node: JsonView): string[] | undefined {
  const context = node.optional('context')
  if (context === undefined) return undefined
  const content = JsonView.parse(new TextEncoder().encode(context.string()), context.path)
  try {
    return content.items().map((key) => key.string())
  } catch {
    return undefined
  }
}

function fromKeys(keys: readonly string[], children: readonly (OutputTree | undefined)[]): OutputTree {
  return Object.fromEntries(
    keys.flatMap((key, i) => {
      const child = children[i]
      return child === undefined ? [] : [[key, child]]
    }),
  )
}
