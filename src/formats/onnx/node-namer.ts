import { create } from '@bufbuild/protobuf'
import { type NodeProto, StringStringEntryProtoSchema } from '../../codec/onnx.ts'
import type { Node } from '../../ir/node.ts'
import type { Scope } from '../../ir/scope.ts'

/** Under these keys PyTorch's exporter keeps the paths and the classes of the modules that a node belongs to, from the outermost inwards. */
export const SCOPES_KEY = 'pkg.torch.onnx.name_scopes'
const CLASSES_KEY = 'pkg.torch.onnx.class_hierarchy'

/**
 * Makes what names the nodes of a new model after their modules, as PyTorch's exporters do: `/encoder/query/MatMul`, and the second of that name
 * `/encoder/query/MatMul_1`. What a node's module is called stands in the node's metadata as well.
 */
export function nodeNamer(): (node: Node, written: readonly NodeProto[]) => void {
  const counts = new Map<string, number>()
  const rename = (node: NodeProto, scope: Scope | undefined): void => {
    const stem = [...(scope?.path.split('.') ?? []), node.opType].filter((part) => part !== '')
    const name = `/${stem.join('/')}`
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    node.name = count === 0 ? name : `${name}_${count}`
    for (const { g } of node.attribute) for (const inner of g?.node ?? []) rename(inner, scope)
  }
  return (node, written) => {
    for (const each of written) {
      rename(each, node.scope)
      each.metadataProps = scopeEntries(node, each.name)
    }
  }
}

function scopeEntries({ op, scope }: Node, name: string): NodeProto['metadataProps'] {
  const scopes: Scope[] = []
  for (let at = scope; at !== undefined; at = at.parent) scopes.unshift(at)
  const entries = {
    [SCOPES_KEY]: [...scopes.map(({ path }) => path), name],
    [CLASSES_KEY]: [...scopes.map(({ className }) => className), op.name],
  }
  return Object.entries(entries).map(([key, list]) =>
    create(StringStringEntryProtoSchema, { key, value: `[${list.map((text) => `'${text}'`).join(', ')}]` }),
  )
}
