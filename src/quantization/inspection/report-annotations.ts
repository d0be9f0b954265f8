import type { Node, Value } from '../../ir/node.ts'
import { assignState } from '../../nn/assign-state.ts'
import { specFor } from '../config/tensor-specs.ts'
import type { AnnotatedGraph } from '../graph/annotate.ts'
import { observerOf, type Placement } from '../graph/annotation.ts'
import { isQuantizable, modulePathOf, opTypeOf, outputOf } from '../graph/graph-view.ts'
import { groupObservers, type ObserverGroup } from '../graph/observer-groups.ts'
import { inputSpec } from '../graph/propose.ts'
import { configTypeOf, type Winner } from '../graph/winners.ts'
import type {
  MatchReport,
  ObserverReport,
  OpReport,
  PlaceName,
  PlaceReport,
  Unobserved,
  WinReport,
} from './reports.ts'

/** What is told of an annotated graph. */
export interface AnnotationReport {
  readonly operations: readonly OpReport[]
  readonly matches: readonly MatchReport[]
}

/** Writes down what annotation decided, and why, by names: it stays true when the graph is rewritten. */
export function reportAnnotations(annotated: AnnotatedGraph): AnnotationReport {
  return new Reporter(annotated).report()
}

class Reporter {
  readonly #annotated: AnnotatedGraph
  readonly #places = new Map<Placement, PlaceName>()
  readonly #groups: ReadonlyMap<Placement, ObserverGroup>
  readonly #numbers = new Map<ObserverGroup | undefined, number>()
  /** Tensors that something observes. */
  readonly #observed = new Set<Value>()

  constructor(annotated: AnnotatedGraph) {
    this.#annotated = annotated
    this.#groups = groupObservers(annotated.annotations)
    for (const [node, { inputs, output }] of annotated.annotations) {
      for (const { value, placement } of inputs) this.#take(node, value, this.#nameOf(value), placement)
      this.#take(node, outputOf(node), null, output)
    }
  }

  report(): AnnotationReport {
    const { view, candidates } = this.#annotated
    const keys = new Set(candidates.map(({ match }) => match.key))
    return {
      operations: view.nodes
        .filter(({ op, outputs }) => outputs.length > 0 && op.name !== assignState.name)
        .map((node) => this.#operation(node, keys.has(node))),
      matches: candidates.map(({ match: { pattern, key, nodes } }) => ({
        pattern: pattern.name,
        key: key.name,
        nodes: nodes.map(({ name }) => name),
      })),
    }
  }

  #take(node: Node, value: Value, input: string | null, placement: Placement | null): void {
    if (placement === null) return
    this.#places.set(placement, { node: node.name, input })
    this.#observed.add(value)
    const group = this.#groups.get(placement)
    if (!this.#numbers.has(group)) this.#numbers.set(group, this.#numbers.size)
  }

  #operation(node: Node, isKey: boolean): OpReport {
    const { view, annotations, winners } = this.#annotated
    const annotation = annotations.get(node)
    const winner = winners.get(node)
    return {
      name: node.name,
      type: isKey ? configTypeOf(node) : opTypeOf(node),
      module: modulePathOf(node),
      isQuantizable: isKey,
      winner: winner === undefined ? null : winOf(winner),
      inputs: view
        .reads(node)
        .map((value, i) =>
          this.#place(value, this.#nameOf(value), annotation?.inputs[i]?.placement ?? null, () =>
            this.#whyNotInput(winner, value, i),
          ),
        ),
      output: this.#place(outputOf(node), null, annotation?.output ?? null, () =>
        this.#whyNotOutput(node, winner),
      ),
    }
  }

  #place(
    value: Value,
    input: string | null,
    placement: Placement | null,
    whyNot: () => Unobserved,
  ): PlaceReport {
    if (placement !== null) return { input, observer: this.#observer(placement), reason: null }
    if (!isQuantizable(value)) return { input, observer: null, reason: 'not floating' }
    const reason = whyNot()
    const isElsewhere = this.#observed.has(value) && reason !== 'declined'
    return { input, observer: null, reason: isElsewhere ? 'elsewhere' : reason }
  }

  #observer(placement: Placement): ObserverReport {
    const { content } = placement
    const sharedWith = 'content' in content ? (this.#places.get(content) ?? null) : null
    const number = this.#numbers.get(this.#groups.get(placement)) ?? -1
    return { number, ...observerOf(placement), sharedWith }
  }

  #whyNotInput(winner: Winner | undefined, value: Value, i: number): Unobserved {
    if (winner === undefined) return 'no pattern'
    if (!winner.isPrimary || (value.node !== null && winner.group.has(value.node))) return 'inside pattern'
    return inputSpec(this.#annotated, winner, value, i) === undefined ? 'not configured' : 'declined'
  }

  #whyNotOutput(node: Node, winner: Winner | undefined): Unobserved {
    const { view } = this.#annotated
    if (view.countReaders(node) === 0) return 'not read'
    if (winner === undefined) return 'no pattern'
    if (view.readers(node).some((reader) => winner.group.has(reader))) return 'inside pattern'
    return specFor(winner.specs.opOutputSpec, 0) === undefined ? 'not configured' : 'declined'
  }

  #nameOf(value: Value): string {
    return this.#annotated.view.nameOf(value)
  }
}

function winOf({ priority, match, isPrimary, group, claim, opLevel, opKey }: Winner): WinReport {
  return {
    priority,
    pattern: match.pattern.name,
    isKey: isPrimary,
    group: Array.from(group, ({ name }) => name),
    level: claim.level,
    moduleKey: claim.key,
    opLevel,
    opKey: opKey ?? null,
  }
}
