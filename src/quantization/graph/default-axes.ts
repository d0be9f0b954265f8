import type { Node, Value } from '../../ir/node.ts'
import { ConfigError } from '../config-error.ts'
import type { Logger } from '../logger.ts'
import { type Granularity, PerBlock, PerChannel } from '../spec/granularity.ts'
import { type GraphView, outputOf } from './graph-view.ts'
import type { FakeQuantizeCall } from './insert.ts'
import type { ObserverGroup } from './observer-groups.ts'

/**
 * Gives observers of weights that name no axis the one that their operation has: output channels, and blocks along input channels.
 *
 * @param view of the graph with the calls in it
 * @returns the calls of weights that no operation knows as one: their axis stays open, so that they cannot quantize; a warning names them
 * @throws ConfigError for an activation without an axis, or a weight whose operations have different ones
 */
export function resolveAxes(
  view: GraphView,
  calls: readonly FakeQuantizeCall[],
  logger: Logger,
): FakeQuantizeCall[] {
  const open = calls.filter(({ group }) => isOpen(group.observer.spec.granularity))
  const unknown = new Set<ObserverGroup>()
  for (const group of new Set(open.map((call) => call.group))) {
    const ofGroup = open.filter((call) => call.group === group)
    const [first] = ofGroup
    if (first === undefined) continue
    if (group.observer.target === 'activation') throw withoutAxis(view, first)
    const axes = new Set(
      ofGroup.flatMap(({ node }) => axesOf(view, outputOf(node), group.observer.spec.granularity)),
    )
    const [axis, ...others] = axes
    if (others.length > 0) throw withSeveralAxes(view, first, [...axes])
    if (axis === undefined) {
      unknown.add(group)
      logger.warn(
        `The weight "${sourceName(view, first.source)}" is not quantized: no operation that reads it tells the axis of its ${group.observer.spec.granularity.type} granularity. Give its spec an axis`,
      )
    } else
      group.observer = {
        ...group.observer,
        spec: group.observer.spec.with({ granularity: onAxis(group.observer.spec.granularity, axis) }),
      }
  }
  return open.filter(({ group }) => unknown.has(group))
}

function isOpen(granularity: Granularity): boolean {
  if (granularity.type === 'per_tensor') return false
  return (
    granularity.axis === null &&
    !(granularity.type === 'per_block' && typeof granularity.blockSize !== 'number')
  )
}

function axesOf(view: GraphView, value: Value, { type }: Granularity): number[] {
  return view.users(value).flatMap((reader: Node) => {
    const weight = reader.op.quantization?.weight
    if (weight === undefined) return []
    const input = reader.inputs.indexOf(value)
    if (input === weight.bias) return [0]
    return input === weight.input ? [type === 'per_channel' ? weight.channelAxis : weight.blockAxis] : []
  })
}

function onAxis(granularity: Granularity, axis: number): Granularity {
  return granularity.type === 'per_block' ? new PerBlock(granularity.blockSize, axis) : new PerChannel(axis)
}

function sourceName(view: GraphView, source: Value): string {
  return view.input(source)?.name ?? source.node?.name ?? '?'
}

function withoutAxis(view: GraphView, { source, group }: FakeQuantizeCall): ConfigError {
  return new ConfigError(
    `Cannot quantize "${sourceName(view, source)}": expected an axis for the ${group.observer.spec.granularity.type} granularity of an activation, got none`,
    'granularity.axis',
  )
}

function withSeveralAxes(
  view: GraphView,
  { source, group }: FakeQuantizeCall,
  axes: readonly number[],
): ConfigError {
  return new ConfigError(
    `Cannot quantize "${sourceName(view, source)}": expected one axis for its ${group.observer.spec.granularity.type} granularity, got ${axes.join(' and ')} from the operations that share it\n` +
      'Hint: give its spec an axis',
    'granularity.axis',
  )
}
