import { type Attributes, formatAttribute } from './attributes.ts'
import type { Graph } from './graph.ts'
import { formatType, type Node, type Value } from './node.ts'
import type { Operation } from './operation.ts'

/** What an operand has to be. */
export type Pattern = NodePattern | AnyPattern | OptionalPattern

/** A value that one of some operations computes. */
export interface NodePattern {
  readonly op: Operation | readonly Operation[]
  /** Patterns of the first inputs, in order; further inputs may be anything. Default: none. */
  readonly operands?: readonly Pattern[]
  /** Arguments that the node has to have; others may be anything. */
  readonly attrs?: Attributes
  /** Whether the first two operands may stand the other way round. */
  readonly commutative?: boolean
  /** Whether the value may be used outside of the match as well. Default: only the outermost node's may. */
  readonly shared?: boolean
  /** Name under which the match gives the value. */
  readonly capture?: string
}

/** Any value. */
export interface AnyPattern {
  readonly any: true
  /** Name under which the match gives the value; under one name it has to be the same value everywhere. */
  readonly capture?: string
}

/** An operand that may be absent. */
export interface OptionalPattern {
  readonly optional: NodePattern | AnyPattern
}

/** A place where a pattern fits. */
export interface Match {
  readonly matched: true
  /** Nodes that the pattern names, the outermost first. */
  readonly nodes: readonly Node[]
  readonly captures: ReadonlyMap<string, Value>
}

/** Why a pattern does not fit. */
export interface Mismatch {
  readonly matched: false
  /** What was expected and what was found. */
  readonly reason: string
  /** The node at which it was found: the outermost, or one whose operand did not fit. */
  readonly at: Node
}

/** What matching needs to know of the graph around a node. */
export interface Uses {
  /** The nodes that read each value, as `Graph.users` gives them. */
  readonly users: ReadonlyMap<Value, readonly Node[]>
  readonly outputs: readonly Value[]
}

/**
 * Matches a pattern against a node, from its result inwards. Values between the matched nodes must not be used elsewhere, unless their pattern is `shared`.
 */
export function matchPattern(pattern: NodePattern, node: Node, uses: Uses): Match | Mismatch {
  const found = matchNode(pattern, node, { nodes: [], captures: new Map(), interior: [] })
  if ('reason' in found) return { matched: false, ...found }
  const { nodes, captures, interior } = found
  for (const value of interior) {
    const outside = uses.outputs.includes(value)
      ? 'an output of the graph'
      : usedBy(uses.users.get(value), nodes)
    if (outside !== undefined) {
      return mismatch(value.node ?? node, `expected no use outside of the match, got ${outside}`)
    }
  }
  return { matched: true, nodes, captures }
}

/** Matches a pattern at every node of a graph, in order; a node belongs to the first match that names it. */
export function findMatches(pattern: NodePattern, graph: Graph): Match[] {
  const uses = { users: graph.users(), outputs: graph.outputs }
  const taken = new Set<Node>()
  const matches: Match[] = []
  for (const node of graph.nodes) {
    const match = matchPattern(pattern, node, uses)
    if (!match.matched || match.nodes.some((each) => taken.has(each))) continue
    for (const each of match.nodes) taken.add(each)
    matches.push(match)
  }
  return matches
}

/** What has been matched so far. Never changed in place, so that an attempt that fails leaves nothing behind. */
interface Progress {
  readonly nodes: readonly Node[]
  readonly captures: ReadonlyMap<string, Value>
  /** Values that must not be used outside. */
  readonly interior: readonly Value[]
}

type Failure = { readonly reason: string; readonly at: Node }

function matchNode(pattern: NodePattern, node: Node, progress: Progress): Progress | Failure {
  const wrong = wrongNode(pattern, node)
  if (wrong !== undefined) return { reason: wrong, at: node }
  const [value] = node.outputs
  const captured = capture(pattern.capture, value, node, withNode(progress, node))
  if ('reason' in captured) return captured
  const operands = pattern.operands ?? []
  const straight = matchOperands(operands, node, node.inputs, captured)
  if (!('reason' in straight) || !pattern.commutative) return straight
  const [a = null, b = null, ...others] = node.inputs
  const turned = matchOperands(operands, node, [b, a, ...others], captured)
  return 'reason' in turned ? straight : turned
}

function withNode(progress: Progress, node: Node): Progress {
  return progress.nodes.includes(node) ? progress : { ...progress, nodes: [...progress.nodes, node] }
}

function wrongNode({ op, attrs = {} }: NodePattern, node: Node): string | undefined {
  const ops = 'name' in op ? [op] : op
  if (!ops.includes(node.op))
    return `expected ${ops.map(({ name }) => name).join(' or ')}, got ${node.op.name}`
  for (const [name, wanted] of Object.entries(attrs)) {
    const [expected, got] = [formatAttribute(wanted), formatAttribute(node.attrs[name] ?? null)]
    if (expected !== got) return `expected ${name}=${expected}, got ${got}`
  }
  return undefined
}

function matchOperands(
  patterns: readonly Pattern[],
  node: Node,
  inputs: readonly (Value | null)[],
  progress: Progress,
): Progress | Failure {
  let reached = progress
  for (const [i, pattern] of patterns.entries()) {
    const next = matchOperand(pattern, inputs[i] ?? null, node, i, reached)
    if ('reason' in next) return next
    reached = next
  }
  return reached
}

function matchOperand(
  pattern: Pattern,
  value: Value | null,
  reader: Node,
  index: number,
  progress: Progress,
): Progress | Failure {
  if ('optional' in pattern)
    return value === null ? progress : matchOperand(pattern.optional, value, reader, index, progress)
  if (value === null) return { reason: `expected operand ${index}, got none`, at: reader }
  if ('any' in pattern) return capture(pattern.capture, value, reader, progress)
  if (value.node === null)
    return {
      reason: `expected operand ${index} to be computed, got an input ${formatType(value)}`,
      at: reader,
    }
  if (value.index !== 0)
    return { reason: `expected operand ${index} to be a first output, got output ${value.index}`, at: reader }
  return matchNode(pattern, value.node, {
    ...progress,
    interior: pattern.shared ? progress.interior : [...progress.interior, value],
  })
}

function capture(
  name: string | undefined,
  value: Value | undefined,
  at: Node,
  progress: Progress,
): Progress | Failure {
  if (name === undefined || value === undefined) return progress
  const earlier = progress.captures.get(name)
  if (earlier !== undefined && earlier !== value) {
    return { reason: `expected "${name}" to be one value everywhere, got another ${formatType(value)}`, at }
  }
  return { ...progress, captures: new Map([...progress.captures, [name, value]]) }
}

function usedBy(users: readonly Node[] | undefined, nodes: readonly Node[]): string | undefined {
  const outside = users?.find((user) => !nodes.includes(user))
  return outside === undefined
    ? undefined
    : `a use by "${outside.name === '' ? outside.origin : outside.name}"`
}

function mismatch(at: Node, reason: string): Mismatch {
  return { matched: false, reason, at }
}
