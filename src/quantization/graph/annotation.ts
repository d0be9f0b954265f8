import type { Node, Value } from '../../ir/node.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { Replacements } from './conv-batch-norm.ts'
import type { GraphView } from './graph-view.ts'
import { isAsked, type Slot, type SlotGroup, type SlotTable } from './slots.ts'
import { specOf, targetOf } from './wishes.ts'

/** What an observer is: a spec for weights or for activations. */
export interface ObserverSpec {
  readonly spec: QuantizationSpec
  readonly target: QuantizationTarget
}

/** What stands at one input or output: an observer of its own, or the one of another place. */
export interface Placement {
  content: ObserverSpec | Placement
}

/** Where a node's observers are. */
export interface NodeAnnotation {
  /** For each tensor that the node reads, in order; null where nothing observes it. */
  readonly inputs: { value: Value; placement: Placement | null }[]
  output: Placement | null
}

/** The annotated nodes in the order of the graph. */
export type Annotations = Map<Node, NodeAnnotation>

/** The observer that a placement ends at. */
export function observerOf(placement: Placement): ObserverSpec {
  let at: Placement = placement
  while ('content' in at.content) at = at.content
  return at.content
}

/**
 * Writes down what the slots came to: in each group the place that comes first in the graph has the observer, all others share it.
 * @throws ConfigError for a spec whose fields do not go together
 */
export function annotationsOf(view: GraphView, slots: SlotTable): Annotations {
  const annotations: Annotations = new Map()
  const ordered = [...slots].filter(isAsked).sort((a, b) => compareSlots(view, a, b))
  const anchors = new Map<SlotGroup, Placement>()
  for (const slot of ordered) {
    const anchor = anchors.get(slot.group)
    const { wish } = slot.group
    const placement: Placement = { content: anchor ?? { spec: specOf(wish), target: targetOf(wish) } }
    if (anchor === undefined) anchors.set(slot.group, placement)
    const annotation = annotationOf(annotations, view, slot.node)
    const input = slot.input === null ? undefined : annotation.inputs[slot.input]
    if (input === undefined) annotation.output = placement
    else input.placement = placement
  }
  return annotations
}

/** The annotation of a node, made when there is none. */
export function annotationOf(annotations: Annotations, view: GraphView, node: Node): NodeAnnotation {
  const known = annotations.get(node)
  if (known !== undefined) return known
  const inputs = view.reads(node).map((value) => ({ value, placement: null }))
  const annotation: NodeAnnotation = { inputs, output: null }
  annotations.set(node, annotation)
  return annotation
}

/** Annotated nodes in the order of the graph. */
export function sortAnnotations(view: GraphView, annotations: Annotations): Annotations {
  return new Map([...annotations].sort(([a], [b]) => view.position(a) - view.position(b)))
}

/**
 * What stands in a place that is given another spec: nothing for null, else an observer of its own. Places that share the observer that stood there
 * share the new one.
 */
export function overwritten(
  placement: Placement | null,
  spec: QuantizationSpec | null,
  target: QuantizationTarget,
): Placement | null {
  if (spec === null) return null
  if (placement === null) return { content: { spec, target } }
  placement.content = { spec, target }
  return placement
}

function compareSlots(view: GraphView, a: Slot, b: Slot): number {
  if (a.node !== b.node) return view.position(a.node) - view.position(b.node)
  return (a.input ?? Number.POSITIVE_INFINITY) - (b.input ?? Number.POSITIVE_INFINITY)
}

/** Annotations after nodes were replaced, in the new order of the graph. A replacement reads in each place what stands for what was read there. */
export function moveAnnotations(
  view: GraphView,
  annotations: Annotations,
  { nodes, values }: Replacements,
): Annotations {
  const moved = Array.from(annotations, ([node, { inputs, output }]): [Node, NodeAnnotation] => {
    const replacement = nodes.get(node)
    const places = new Map<Value, Value>()
    node.inputs.forEach((value, i) => {
      const place = replacement?.inputs[i]
      if (value !== null && place) places.set(value, place)
    })
    const at = (value: Value) => places.get(value) ?? values.get(value) ?? value
    return [
      replacement ?? node,
      { inputs: inputs.map(({ value, placement }) => ({ value: at(value), placement })), output },
    ]
  })
  return sortAnnotations(view, new Map(moved))
}
