import type { Graph } from '../../ir/graph.ts'
import type { Node } from '../../ir/node.ts'
import type { ModelLayout } from '../../nn/model-layout.ts'
import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import type { Logger } from '../logger.ts'
import { type Annotations, annotationsOf, sortAnnotations } from './annotation.ts'
import { applyBoundarySpecs } from './boundary-specs.ts'
import { applyCacheConfigs } from './cache-configs.ts'
import { moduleConfigs } from './config-entries.ts'
import { GraphView } from './graph-view.ts'
import { findMatches } from './match.ts'
import type { ModuleTable } from './module-table.ts'
import type { Pattern } from './patterns.ts'
import { proposeSlots } from './propose.ts'
import { reconcile } from './reconcile.ts'
import { StateIndex } from './state-index.ts'
import { type Candidate, chooseWinners, rankMatches, type Winner } from './winners.ts'

/** What annotation found out about a graph. */
export interface AnnotatedGraph {
  readonly annotations: Annotations
  /** What each node that some pattern took is quantized by. */
  readonly winners: ReadonlyMap<Node, Winner>
  /** Every match with its config, the strongest first. */
  readonly candidates: readonly Candidate[]
  /** The config of each module. */
  readonly modules: ModuleTable<ModuleQuantizerConfig>
  /** The graph as it was annotated. */
  readonly view: GraphView
  readonly states: StateIndex
}

/** What is annotated. */
export interface AnnotationRequest {
  readonly graph: Graph
  readonly layout: ModelLayout
  readonly config: QuantizerConfig
  readonly patterns: readonly Pattern[]
  readonly logger: Logger
}

/**
 * Decides where observers stand in a graph, what they are, and which of them are one. The graph stays as it is.
 * @throws ConfigError for a config that does not fit the graph
 */
export function annotate({ graph, layout, config, patterns, logger }: AnnotationRequest): AnnotatedGraph {
  const view = new GraphView(graph)
  const states = new StateIndex(view, layout)
  const modules = moduleConfigs(layout, config)
  const candidates = rankMatches(view, findMatches(view, patterns), modules)
  const winners = chooseWinners(candidates)
  const context = { view, states, winners, logger }
  const slots = proposeSlots(context)
  reconcile(context, slots)
  const annotations = annotationsOf(view, slots)
  applyBoundarySpecs({ ...context, annotations, modules })
  applyCacheConfigs(view, annotations, config)
  return { annotations: sortAnnotations(view, annotations), winners, candidates, modules, view, states }
}
