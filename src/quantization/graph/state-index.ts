import type { Value } from '../../ir/node.ts'
import type { ModelLayout } from '../../nn/model-layout.ts'
import type { GraphView } from './graph-view.ts'

/** A module that has a state, and the name that it has there. */
export interface StateOwner {
  /** First path of the module. */
  readonly module: string
  /** Name of the state in the module: `weight`. */
  readonly name: string
}

/** Who owns the states that a graph reads, under which names. A tied weight has several owners. */
export class StateIndex {
  readonly #owners = new Map<string, readonly StateOwner[]>()
  readonly #view: GraphView

  constructor(view: GraphView, layout: ModelLayout) {
    this.#view = view
    const firstPaths = new Map(
      layout.modules.flatMap(({ paths }) => paths.map((path) => [path, paths[0]] as const)),
    )
    for (const { paths } of layout.states) {
      const owners = paths.map((path): StateOwner => {
        const dot = path.lastIndexOf('.')
        const module = path.slice(0, Math.max(dot, 0))
        return { module: firstPaths.get(module) ?? module, name: path.slice(dot + 1) }
      })
      for (const path of paths) this.#owners.set(path, owners)
    }
  }

  /** The owners of a state; none for a state that is no module's, such as the result of a decompression. */
  owners(state: Value): readonly StateOwner[] {
    const input = this.#view.input(state)
    return input === undefined ? [] : (this.#owners.get(input.name) ?? [])
  }

  /** Every name by which a module knows a state. */
  names(state: Value): ReadonlySet<string> {
    return new Set(this.owners(state).map(({ name }) => name))
  }
}
