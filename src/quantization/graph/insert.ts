import type { Graph } from '../../ir/graph.ts'
import { Node, type Value } from '../../ir/node.ts'
import { callModule } from '../../nn/call-module.ts'
import type { NodeNames } from '../../nn/node-names.ts'
import type { Annotations, NodeAnnotation, Placement } from './annotation.ts'
import { outputOf } from './graph-view.ts'
import { groupObservers, type ObserverGroup } from './observer-groups.ts'

/** Beginning of the names of fake quantizers in a prepared graph. */
const PREFIX = 'activation_post_process'

/** A call of a fake quantizer in a prepared graph. */
export interface FakeQuantizeCall {
  /** The node that calls the submodule of its own name. */
  readonly node: Node
  /** Calls of one group call one object. */
  readonly group: ObserverGroup
  /** The value that is quantized. */
  readonly source: Value
}

/**
 * Puts calls of fake quantizers where observers are annotated, each right after what makes the value, and lets the readers read their results. A
 * value that is quantized by one object already is not quantized by it again.
 *
 * @returns the calls in the order in which they were numbered
 */
export function insertFakeQuantizers(
  graph: Graph,
  annotations: Annotations,
  names: NodeNames,
): FakeQuantizeCall[] {
  const inserter = new Inserter(groupObservers(annotations), names)
  for (const node of graph.nodes) inserter.annotate(node, annotations.get(node))
  graph.outputs.forEach((output, i) => {
    graph.outputs[i] = inserter.current(output)
  })
  const hung = (value: Value): Node[] =>
    inserter.callsOn(value).flatMap((node) => [node, ...hung(outputOf(node))])
  graph.nodes = [
    ...graph.inputs.flatMap(({ value }) => hung(value)),
    ...graph.nodes.flatMap((node) => [node, ...node.outputs.flatMap(hung)]),
  ]
  return inserter.calls
}

class Inserter {
  readonly calls: FakeQuantizeCall[] = []
  readonly #groups: ReadonlyMap<Placement, ObserverGroup>
  readonly #names: NodeNames
  /** What readers of a value read, once its maker is quantized, and by which group. */
  readonly #quantized = new Map<Value, { readonly value: Value; readonly group: ObserverGroup }>()
  /** Calls that read a value, in order of insertion. */
  readonly #hung = new Map<Value, Map<ObserverGroup, FakeQuantizeCall>>()

  constructor(groups: ReadonlyMap<Placement, ObserverGroup>, names: NodeNames) {
    this.#groups = groups
    this.#names = names
  }

  /** What readers of a value read. */
  current(value: Value): Value {
    return this.#quantized.get(value)?.value ?? value
  }

  /** Nodes of the calls that read a value; each was put right after the value, so that the last one comes first. */
  callsOn(value: Value): readonly Node[] {
    return Array.from(this.#hung.get(value)?.values() ?? [], ({ node }) => node).reverse()
  }

  annotate(node: Node, annotation: NodeAnnotation | undefined): void {
    const placements = new Map(annotation?.inputs.map(({ value, placement }) => [value, placement]))
    node.inputs.forEach((value, i) => {
      if (value !== null) node.inputs[i] = this.#input(node, value, placements.get(value) ?? null)
    })
    if (annotation?.output) {
      const [value, group] = [outputOf(node), this.#groupOf(annotation.output)]
      this.#quantized.set(value, { value: this.#call(node, value, group), group })
    }
  }

  #input(node: Node, value: Value, placement: Placement | null): Value {
    const source = this.current(value)
    if (placement === null) return source
    const group = this.#groupOf(placement)
    if (this.#quantized.get(value)?.group === group) return source
    const known = this.#hung.get(source)?.get(group)
    return known === undefined ? this.#call(node, source, group) : outputOf(known.node)
  }

  #call({ scope }: Node, source: Value, group: ObserverGroup): Value {
    const name = this.#names.fresh(`${PREFIX}_${this.calls.length}`)
    const node: Node = new Node(callModule, [source], { target: name }, scope)
    node.name = name
    const call = { node, group, source }
    this.calls.push(call)
    const hung = this.#hung.get(source) ?? new Map<ObserverGroup, FakeQuantizeCall>()
    this.#hung.set(source, hung.set(group, call))
    return outputOf(node)
  }

  #groupOf(placement: Placement): ObserverGroup {
    const group = this.#groups.get(placement)
    if (group !== undefined) return group
    throw new RangeError(
      'Cannot insert a fake quantizer: expected its observer to be known (a bug in lowbit)',
    )
  }
}
