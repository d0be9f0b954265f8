import type { Graph } from '../../ir/graph.ts'
import { layoutOfGraph, type ModelLayout } from '../../nn/model-layout.ts'
import { Parameter } from '../../nn/parameter.ts'
import type { ImportedState } from './graph-importer.ts'

/** Modules and states of an imported graph by name, parameters first. */
export function layoutOfImport(graph: Graph, states: readonly ImportedState[]): ModelLayout {
  const { modules } = layoutOfGraph(graph)
  const isParameter = ({ tensor }: ImportedState) => tensor instanceof Parameter
  const ordered = [...states.filter(isParameter), ...states.filter((state) => !isParameter(state))]
  return { modules, states: ordered.map(({ path }) => ({ paths: [path] })) }
}
