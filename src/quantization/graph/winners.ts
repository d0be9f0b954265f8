import type { Node } from '../../ir/node.ts'
import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { namePattern } from '../config/name-pattern.ts'
import type { OpQuantizerConfig } from '../config/op-quantizer-config.ts'
import { type GraphView, modulePathOf, opTypeOf } from './graph-view.ts'
import type { Match } from './match.ts'
import type { ConfigLevel, ModuleClaim, ModuleTable } from './module-table.ts'

/** The specs that a config has for an operation. */
export type OpSpecs = Pick<OpQuantizerConfig, 'opInputSpec' | 'opOutputSpec' | 'opStateSpec'>

/** Where in a module's config the specs of an operation stand. */
export type OpLevel = 'op_name' | 'op_type' | 'default'

/** A match with the config that it would be quantized by. */
export interface Candidate {
  readonly match: Match
  readonly claim: ModuleClaim<ModuleQuantizerConfig>
  readonly opLevel: OpLevel
  /** Key of the entry for the operation, undefined for the module's own specs. */
  readonly opKey: string | undefined
  readonly specs: OpSpecs
  /** Place among all candidates, 0 is the strongest. */
  readonly priority: number
}

/** What a node is quantized by. */
export interface Winner extends Candidate {
  /** Nodes of the match that won it: between them nothing is observed. */
  readonly group: ReadonlySet<Node>
  /** Whether it is the key of that match: its inputs and weight are quantized. */
  readonly isPrimary: boolean
}

const LEVELS: readonly ConfigLevel[] = ['name', 'type', 'global']
const OP_LEVELS: readonly OpLevel[] = ['op_name', 'op_type', 'default']

/**
 * Orders matches by strength: level of the module's config, level of the operation's entry in it, length of the pattern, place of the
 * module within its level (all are equal on the global one), place in the graph.
 */
export function rankMatches(
  view: GraphView,
  matches: readonly Match[],
  table: ModuleTable<ModuleQuantizerConfig>,
): Candidate[] {
  const keyed = new Map<Node, Pick<Candidate, 'claim' | 'opLevel' | 'opKey' | 'specs'>>()
  const candidates = matches.flatMap((match) => {
    const claim = table.get(modulePathOf(match.key))
    if (claim === undefined) return []
    const found = keyed.get(match.key) ?? { claim, ...specsFor(match.key, claim.config) }
    keyed.set(match.key, found)
    return [{ match, ...found, order: orderOf(view, match, found) }]
  })
  candidates.sort((a, b) => compare(a.order, b.order))
  return candidates.map(({ order: _, ...candidate }, priority) => ({ ...candidate, priority }))
}

/** Goes through the candidates from the strongest on; each takes the nodes of its match that have no winner yet. */
export function chooseWinners(candidates: readonly Candidate[]): Map<Node, Winner> {
  const winners = new Map<Node, Winner>()
  for (const candidate of candidates) {
    const { key, nodes } = candidate.match
    const group = new Set(nodes)
    for (const node of nodes) {
      if (!winners.has(node)) winners.set(node, { ...candidate, group, isPrimary: node === key })
    }
  }
  return winners
}

function specsFor(node: Node, config: ModuleQuantizerConfig): Pick<Candidate, 'opLevel' | 'opKey' | 'specs'> {
  const byName = [...config.opNameConfig].findLast(([pattern]) =>
    namePattern(pattern, 'op_name_config').matches(node.name),
  )
  if (byName !== undefined) return { opLevel: 'op_name', opKey: byName[0], specs: byName[1] }
  const byType = [...config.opTypeConfig].findLast(([key]) => key === configTypeOf(node))
  if (byType !== undefined) return { opLevel: 'op_type', opKey: byType[0], specs: byType[1] }
  return { opLevel: 'default', opKey: undefined, specs: config }
}

/** Type by which configs know an operation: in a graph from PyTorch an addition in place is `add_`, which shows in the name of its node. */
export function configTypeOf(node: Node): string {
  const type = opTypeOf(node)
  return node.name.startsWith(`${type}_`) && /^_(_\d+)?$/.test(node.name.slice(type.length))
    ? `${type}_`
    : type
}

function orderOf(
  view: GraphView,
  { key, nodes }: Match,
  { claim, opLevel }: Pick<Candidate, 'claim' | 'opLevel'>,
): readonly number[] {
  const rank = claim.level === 'global' ? 0 : claim.rank
  return [LEVELS.indexOf(claim.level), OP_LEVELS.indexOf(opLevel), -nodes.length, rank, view.position(key)]
}

function compare(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((value, k) => value !== b[k])
  return i < 0 ? 0 : (a[i] ?? 0) - (b[i] ?? 0)
}
