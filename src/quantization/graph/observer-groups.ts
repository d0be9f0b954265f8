import type { Value } from '../../ir/node.ts'
import { type Annotations, type ObserverSpec, observerOf, type Placement } from './annotation.ts'
import { outputOf } from './graph-view.ts'

/** Places that one fake quantizer serves. */
export interface ObserverGroup {
  observer: ObserverSpec
}

/**
 * Puts places together that share an observer: those that say so, and all readers of one tensor, with what makes it, whose element type and
 * quantized range are equal. The first place in the order of the graph says what the observer is.
 */
export function groupObservers(annotations: Annotations): ReadonlyMap<Placement, ObserverGroup> {
  const places = [...annotations].flatMap(([node, { inputs, output }]) => [
    ...inputs.map(({ value, placement }) => ({ value, placement })),
    { value: outputOf(node), placement: output },
  ])
  const sets = new DisjointPlacements()
  const twins = new Map<Value, Map<string, Placement>>()
  for (const { value, placement } of places) {
    if (placement === null) continue
    if ('content' in placement.content) sets.join(placement, placement.content)
    const { spec } = observerOf(placement)
    const key = `${spec.dtype} ${spec.quantMin} ${spec.quantMax}`
    const ofValue = twins.get(value) ?? new Map<string, Placement>()
    sets.join(placement, ofValue.get(key) ?? placement)
    twins.set(value, ofValue.set(key, placement))
  }
  const groups = new Map<Placement, ObserverGroup>()
  const byPlacement = new Map<Placement, ObserverGroup>()
  for (const { placement } of places) {
    if (placement === null) continue
    const root = sets.find(placement)
    const group = groups.get(root) ?? { observer: observerOf(placement) }
    groups.set(root, group)
    byPlacement.set(placement, group)
  }
  return byPlacement
}

/** Sets of placements that can be joined, and asked for a common representative. */
class DisjointPlacements {
  readonly #parents = new Map<Placement, Placement>()

  find(placement: Placement): Placement {
    let root = placement
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root))
      root = parent
    for (let at = placement; at !== root; ) {
      const next = this.#parents.get(at) ?? root
      this.#parents.set(at, root)
      at = next
    }
    return root
  }

  join(a: Placement, b: Placement): void {
    const [from, to] = [this.find(a), this.find(b)]
    if (from !== to) this.#parents.set(from, to)
  }
}
