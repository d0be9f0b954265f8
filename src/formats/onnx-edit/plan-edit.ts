import type { NodeProto } from '../../codec/onnx.ts'
import type { Node, Value } from '../../ir/node.ts'
import { readNames } from '../onnx-reader/graph-walk.ts'
import type { OnnxSource } from '../onnx-reader/onnx-source.ts'
import { graphOf } from '../onnx-reader/read-model.ts'
import { FileGraph, type Slice } from './file-graph.ts'
import type { FreshNames } from './fresh-names.ts'
import { isWeight, rootOf } from './quantized-values.ts'
import { isSame, type Leaf, originalOf, type SourceMatch } from './source-match.ts'

/** A value that becomes one of the file. */
export interface NamedValue {
  readonly value: Value
  readonly name: string
  /** The value of the imported graph in whose place it stands: its type is what the file expects. */
  readonly original: Value
}

/** What changes in a file. */
export interface EditPlan {
  /** What nodes of the file read in place of values of the file. */
  readonly redirects: ReadonlyMap<NodeProto, ReadonlyMap<string, Value>>
  /** What is written anew. A value of the file that has the same name gives way. */
  readonly named: readonly NamedValue[]
  /** Values of the file that give their names, those of results of the graph, to what they are quantized to. */
  readonly renamed: ReadonlyMap<string, string>
  /** Operations that are written anew although the file had them. */
  readonly rewritten: ReadonlySet<Node>
}

/** A graph that came from a file, as it is now. */
export interface EditedGraph {
  readonly nodes: readonly Node[]
  readonly outputs: readonly Value[]
}

/** Decides what a file's nodes go on computing, what they read in place of what, and what is written anew. */
export function planEdit(
  graph: EditedGraph,
  source: OnnxSource,
  match: SourceMatch,
  fresh: FreshNames,
): EditPlan {
  const planner = new EditPlanner(graph, source, match, fresh)
  for (const node of graph.nodes) planner.addNode(node)
  for (const [i, value] of graph.outputs.entries()) planner.addOutput(value, i)
  return planner.finish()
}

class EditPlanner {
  readonly #source: OnnxSource
  readonly #match: SourceMatch
  readonly #fresh: FreshNames
  readonly #file: FileGraph
  /** What the file calls values of the imported graph. */
  readonly #known: ReadonlySet<string>
  /** Values of the imported graph that something still reads. */
  readonly #read: ReadonlySet<Value | undefined>
  /** For each node of the file and each value that it reads, what stands there now. */
  readonly #requests = new Map<NodeProto, Map<string, Leaf>>()
  readonly #rewritten = new Set<Node>()
  readonly #renamed = new Map<string, string>()
  readonly #named = new Map<Value, NamedValue>()
  readonly #usedNames = new Set<string>()
  /** Results of the graph that are values which have a name already. */
  readonly #further: NamedValue[] = []

  constructor({ nodes, outputs }: EditedGraph, source: OnnxSource, match: SourceMatch, fresh: FreshNames) {
    this.#source = source
    this.#match = match
    this.#fresh = fresh
    this.#file = new FileGraph(graphOf(source.model))
    const { graph } = source
    const values = [...graph.inputs.map(({ value }) => value), ...graph.nodes.flatMap((node) => node.outputs)]
    this.#known = new Set(values.flatMap((value) => match.nameOf(value) ?? []))
    const reads = [...nodes.flatMap(({ inputs }) => inputs), ...outputs]
    this.#read = new Set(reads.map((value) => (value === null ? undefined : originalOf(value))))
  }

  /** An operation that the file has: its nodes stay where what they compute is what it was, or only begins with other values. */
  addNode(node: Node): void {
    const { source } = node
    const results = source === undefined ? [] : this.#match.resultsOf(source)
    if (source === undefined || results.every((name) => name === '')) return
    const leaves = this.#match.leavesOf(node)
    if (leaves !== undefined && this.#request(results, leaves)) return
    this.#rewritten.add(node)
    for (const [i, original] of source.outputs.entries()) {
      const [value, name] = [node.outputs[i], results[i] ?? '']
      if (value !== undefined && name !== '') this.#name(value, name, original)
    }
  }

  /** A result of the graph keeps its name. */
  addOutput(value: Value, index: number): void {
    const original = this.#source.graph.outputs[index]
    const name = graphOf(this.#source.model).output[index]?.name
    if (original === undefined || name === undefined) return
    const leaves = this.#match.leavesAt(value, original)
    if (this.#match.nameOf(original) === name) {
      if (leaves?.every(isSame)) return
      const root = rootOf(value)
      if (root !== value) this.#giveNameAway(root, name, original)
    } else if (leaves !== undefined && this.#request([name], leaves)) return
    if (this.#named.has(value)) this.#further.push({ value, name, original })
    else this.#name(value, name, original)
  }

  finish(): EditPlan {
    const redirects = new Map<NodeProto, Map<string, Value>>()
    for (const [node, requests] of this.#requests) {
      const changed = [...requests.values()].filter((leaf) => !isSame(leaf))
      for (const leaf of changed) this.#nameReplacement(leaf)
      if (changed.length > 0) redirects.set(node, new Map(changed.map(({ name, value }) => [name, value])))
    }
    return {
      redirects,
      named: [...this.#named.values(), ...this.#further],
      renamed: this.#renamed,
      rewritten: this.#rewritten,
    }
  }

  /** Lets the file's nodes that make `results` begin with the leaves. False, and nothing done, where they cannot: others need them otherwise. */
  #request(results: readonly string[], leaves: readonly Leaf[]): boolean {
    const wanted = new Map(leaves.map((leaf) => [leaf.name, leaf]))
    if (leaves.some(({ name, value }) => wanted.get(name)?.value !== value)) return false
    const slice = this.#file.slice(
      results.filter((name) => name !== ''),
      (name) => this.#known.has(name),
    )
    if (!this.#beginsWith(slice, wanted)) return false
    const reads = slice.nodes.flatMap((node) =>
      readNames(node).flatMap((name) => {
        const leaf = wanted.get(name)
        return leaf === undefined ? [] : [{ node, leaf }]
      }),
    )
    const clashes = reads.some(({ node, leaf }) => {
      const before = this.#requests.get(node)?.get(leaf.name)
      return before !== undefined && before.value !== leaf.value
    })
    if (clashes) return false
    for (const { node, leaf } of reads) {
      const requests = this.#requests.get(node) ?? new Map<string, Leaf>()
      this.#requests.set(node, requests.set(leaf.name, leaf))
    }
    return true
  }

  /** Whether what nodes begin with is what has changed, and nothing else that the graph knows. */
  #beginsWith({ leaves }: Slice, wanted: ReadonlyMap<string, Leaf>): boolean {
    const changed = [...wanted.values()].filter((leaf) => !isSame(leaf))
    if (changed.length === 0) return true
    const isForeign = [...leaves].some((name) => this.#known.has(name) && !wanted.has(name))
    return !isForeign && changed.every(({ name }) => leaves.has(name))
  }

  /** Names what stands in the place of a value of the file. */
  #nameReplacement({ value, name, original }: Leaf): void {
    const root = rootOf(value)
    if (!isWeight(root)) this.#takeOver(root, name, original)
    if (!this.#named.has(value)) this.#name(value, this.#fresh.like(`${name}_dequantized`), original)
  }

  /** What was not there before takes the name of what it stands for, where nothing reads that any more. */
  #takeOver(value: Value, name: string, original: Value): void {
    if (originalOf(value) !== undefined || this.#named.has(value)) return
    const isFree = !this.#read.has(original) && !this.#usedNames.has(name)
    this.#name(value, isFree ? name : this.#fresh.like(`${name}_new`), original)
  }

  /** What a result of the graph is quantized from gets another name. */
  #giveNameAway(root: Value, name: string, original: Value): void {
    const other = this.#fresh.like(`${name}_float`)
    const isFiles = originalOf(root) === original && !(root.node && this.#rewritten.has(root.node))
    if (isFiles) this.#renamed.set(name, other)
    else this.#name(root, other, original)
  }

  #name(value: Value, name: string, original: Value): void {
    this.#usedNames.add(name)
    this.#named.set(value, { value, name, original })
  }
}
