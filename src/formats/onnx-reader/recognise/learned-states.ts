import type { Graph } from '../../../ir/graph.ts'
import { Parameter } from '../../../nn/parameter.ts'
import { isFloating } from '../../../tensor/dtype.ts'
import type { ImportedState } from '../graph-importer.ts'

/** Names of what operations learn, by the places of their inputs. */
const LEARNED: Readonly<Record<string, readonly (string | null)[]>> = {
  'aten.linear': [null, 'weight', 'bias'],
  'aten.layer_norm': [null, 'weight', 'bias'],
  'aten.rms_norm': [null, 'weight'],
}

/**
 * Constants that became weights and biases when operations were recognised become parameters; beside a weight they are called as a module calls them.
 * @returns the states with those parameters
 */
export function learnStates(graph: Graph, states: readonly ImportedState[]): readonly ImportedState[] {
  const byPath = new Map(states.map((state) => [state.path, state]))
  const taken = new Set(byPath.keys())
  for (const { op, inputs } of graph.nodes) {
    const owner = graph.inputs.find(({ value }) => value === inputs[1])?.name
    for (const [place, role] of (LEARNED[op.name] ?? []).entries()) {
      const at = graph.inputs.findIndex(({ value, kind }) => kind === 'state' && value === inputs[place])
      const input = graph.inputs[at]
      const state = input && byPath.get(input.name)
      if (role === null || !input || !state || state.tensor instanceof Parameter) continue
      if (!isFloating(state.content.dtype)) continue
      const asked = owner?.endsWith('.weight') ? owner.replace(/weight$/, role) : input.name
      const path = taken.has(asked) ? input.name : asked
      taken.add(path)
      graph.inputs[at] = { ...input, name: path }
      byPath.set(input.name, { ...state, path, tensor: new Parameter(state.content) })
    }
  }
  return [...byPath.values()]
}
