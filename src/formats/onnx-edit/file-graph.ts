import type { GraphProto, NodeProto } from '../../codec/onnx.ts'
import { readNames } from '../onnx-reader/graph-walk.ts'

/** The nodes of a file that compute something, and the values at which they begin. */
export interface Slice {
  readonly nodes: readonly NodeProto[]
  readonly leaves: ReadonlySet<string>
}

/** Operators that read nothing of a value but its sizes. */
const READS_SIZES = new Set(['Shape', 'Size'])

/** The nodes of a file by what they make. */
export class FileGraph {
  readonly #makers: ReadonlyMap<string, NodeProto>

  constructor({ node }: GraphProto) {
    this.#makers = new Map(node.flatMap((each) => each.output.map((name) => [name, each] as const)))
  }

  /** The nodes that compute `results` out of values at which `isLeaf` holds, without those that only work sizes out. */
  slice(results: readonly string[], isLeaf: (name: string) => boolean): Slice {
    const nodes = new Set<NodeProto>()
    const leaves = new Set<string>()
    const stack = results.flatMap((name) => this.#makers.get(name) ?? [])
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (nodes.has(node) || READS_SIZES.has(node.opType)) continue
      nodes.add(node)
      for (const name of readNames(node)) {
        const maker = this.#makers.get(name)
        if (maker === undefined || isLeaf(name)) leaves.add(name)
        else stack.push(maker)
      }
    }
    return { nodes: [...nodes], leaves }
  }
}
