import type { Dims } from '../../ir/dim.ts'
import { dimsEqual } from '../../ir/dim.ts'
import type { Graph } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/node.ts'
import type { Logger } from '../logger.ts'
import { type Granularity, PerTensor } from '../spec/granularity.ts'
import { opTypeOf, outputOf } from './graph-view.ts'
import type { FakeQuantizeCall } from './insert.ts'

/** Operations that may give the dimensions of a tensor other sizes or places; what they do to an axis. */
const MOVERS: Readonly<Record<string, 'reshapes' | 'shrinks' | 'permutes'>> = {
  flatten: 'reshapes',
  reshape: 'reshapes',
  view: 'reshapes',
  unsqueeze: 'reshapes',
  transpose: 'permutes',
  t: 'permutes',
  permute: 'permutes',
  mean: 'shrinks',
  ...Object.fromEntries(
    ['max_pool', 'avg_pool', 'adaptive_avg_pool'].flatMap((pool) =>
      [1, 2, 3].map((rank) => [`${pool}${rank}d`, 'shrinks'] as const),
    ),
  ),
}

/**
 * Where one fake quantizer stands before and after an operation that moves dimensions, its channels or blocks mean different things on both sides: it is
 * made per tensor, with a warning, unless the operation leaves its axis alone.
 */
export function unifyGranularities(graph: Graph, calls: readonly FakeQuantizeCall[], logger: Logger): void {
  const made = new Map(calls.map((call) => [outputOf(call.node), call]))
  const on = new Map<Value, FakeQuantizeCall[]>()
  for (const call of calls) on.set(call.source, [...(on.get(call.source) ?? []), call])
  for (const node of graph.nodes) {
    const before = node.inputs[0] ? made.get(node.inputs[0]) : undefined
    const kind = MOVERS[opTypeOf(node)]
    if (before === undefined || kind === undefined) continue
    const { group } = before
    const after = on.get(outputOf(node))?.find((call) => call.group === group)
    const { spec, target } = group.observer
    if (
      after === undefined ||
      spec.granularity.type === 'per_tensor' ||
      keepsAxis(node, kind, spec.granularity)
    )
      continue
    group.observer = { target, spec: spec.with({ granularity: new PerTensor() }) }
    logger.warn(
      `The observer around "${node.name}" is made per tensor: the operation moves the axis of its ${spec.granularity.type} granularity`,
    )
  }
}

function keepsAxis(node: Node, kind: 'reshapes' | 'shrinks' | 'permutes', granularity: Granularity): boolean {
  const { type } = granularity
  const axis = type === 'per_tensor' ? null : granularity.axis
  const [from, to]: readonly Dims[] = [node.inputs[0]?.shape ?? [], outputOf(node).shape]
  if (from === undefined || to === undefined || from.length !== to.length) return false
  const rank = from.length
  const axes = from
    .map((_, i) => i)
    .filter((i) => type === 'per_block' || axis === null || i === (axis + rank) % rank)
  if (kind === 'shrinks') return axes.every((i) => dimsEqual(from[i] ?? 0, to[i] ?? 0))
  return (
    kind === 'reshapes' || axis === null || movedTo(node, (axis + rank) % rank, rank) === (axis + rank) % rank
  )
}

/** Which dimension of the input becomes a dimension of the output. */
function movedTo({ op, attrs }: Node, axis: number, rank: number): number {
  if (op.name === 'aten.permute')
    return (Number(Array.isArray(attrs.dims) ? attrs.dims[axis] : axis) + rank) % rank
  const swapped =
    op.name === 'aten.t' ? [0, 1] : [Number(attrs.dim0), Number(attrs.dim1)].map((dim) => (dim + rank) % rank)
  const place = swapped.indexOf(axis)
  return place < 0 ? axis : (swapped[1 - place] ?? axis)
}
