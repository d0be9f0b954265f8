import type { GraphProto } from '../../codec/onnx.ts'
import { graphsOf } from '../onnx-reader/graph-walk.ts'

/** Names that a graph, with the graphs inside it, does not have yet. */
export class FreshNames {
  /** All names that are taken. */
  readonly taken: Set<string> = new Set()

  constructor(graph: GraphProto) {
    this.#take(graph)
  }

  /** `candidate`, or with a number behind it where that is taken. */
  like(candidate: string): string {
    let name = candidate
    for (let i = 1; this.taken.has(name); i++) name = `${candidate}_${i}`
    this.taken.add(name)
    return name
  }

  #take(graph: GraphProto): void {
    for (const { name } of [...graph.input, ...graph.initializer, ...graph.output]) this.taken.add(name)
    for (const node of graph.node) {
      for (const name of node.output) this.taken.add(name)
      for (const inner of graphsOf(node)) this.#take(inner)
    }
  }
}
