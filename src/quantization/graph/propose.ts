import type { Node, Value } from '../../ir/node.ts'
import { type StateSpecs, specFor } from '../config/tensor-specs.ts'
import { ConfigError } from '../config-error.ts'
import type { Logger } from '../logger.ts'
import { isQuantizedFloat } from '../spec/dtypes.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import { type GraphView, isQuantizable, outputOf } from './graph-view.ts'
import { type Slot, SlotTable } from './slots.ts'
import type { StateIndex } from './state-index.ts'
import type { Winner } from './winners.ts'
import { type Wish, wishOf, withClaim } from './wishes.ts'

/** Facts of operations rank above what users ask for. */
const FACT = -1

/** What proposals are made from. */
export interface Annotating {
  readonly view: GraphView
  readonly states: StateIndex
  readonly winners: ReadonlyMap<Node, Winner>
  readonly logger: Logger
}

/**
 * What the winning configs ask for at each input and output, before anything is shared.
 * @throws ConfigError for a state that is named by the position of an input
 */
export function proposeSlots(context: Annotating): SlotTable {
  const slots = new SlotTable()
  for (const node of context.view.nodes) {
    const winner = context.winners.get(node)
    if (winner === undefined) continue
    if (winner.isPrimary) {
      context.view.reads(node).forEach((value, i) => {
        proposeInput(context, slots, winner, node, value, i)
      })
    }
    proposeOutput(context, slots, winner, node)
  }
  return slots
}

function proposeInput(
  context: Annotating,
  slots: SlotTable,
  winner: Winner,
  node: Node,
  value: Value,
  i: number,
): void {
  const { specs, group } = winner
  if (value.node !== null && group.has(value.node)) return
  const isState = context.view.isState(value)
  if (!isQuantizable(value)) {
    const isNamed = isState
      ? keysOf(context.states, value, specs.opStateSpec).length > 0
      : specs.opInputSpec.has(i)
    if (isNamed)
      context.logger.warn(
        `Input ${i} of "${node.name}" is not quantized: expected a floating dtype, got ${value.dtype}`,
      )
    return
  }
  if (isState && specs.opInputSpec.has(i)) throw namedByPosition(context, node, value, i)
  if (isState) warnOfSeveralKeys(context, node, value, specs.opStateSpec)
  place(slots, winner, node, i, inputSpec(context, winner, value, i), isState ? 'weight' : 'activation')
}

/** What the winning config of a node says of an input: null for a decline, undefined for nothing. */
export function inputSpec(
  { view, states }: Pick<Annotating, 'view' | 'states'>,
  { specs }: Winner,
  value: Value,
  i: number,
): QuantizationSpec | null | undefined {
  if (!view.isState(value)) return specFor(specs.opInputSpec, i)
  if (states.names(value).size === 0) return null
  return specs.opStateSpec.get(keysOf(states, value, specs.opStateSpec).at(-1) ?? '*')
}

function proposeOutput({ view }: Annotating, slots: SlotTable, winner: Winner, node: Node): void {
  const output = outputOf(node)
  if (!isQuantizable(output) || view.countReaders(node) === 0) return
  const range = node.op.quantization?.fixedRange?.(node.attrs)
  const inside = view.readers(node).filter((reader) => winner.group.has(reader))
  if (inside.length > 0) {
    if (inside.length < view.countReaders(node) || range !== undefined) {
      throw new ConfigError(
        `Cannot annotate "${node.name}": expected an operation whose result only its pattern "${winner.match.pattern.name}" reads and whose range is open, got ${range === undefined ? 'other readers' : 'a known range'}`,
        node.name,
      )
    }
    return
  }
  const spec = specFor(winner.specs.opOutputSpec, 0)
  const slot = place(slots, winner, node, null, spec, 'activation')
  if (slot === undefined || spec === null || spec === undefined || range === undefined) return
  slot.group.wish = withKnownRange(slot.group.wish, spec, range)
}

function withKnownRange(
  wish: Wish,
  { dtype }: QuantizationSpec,
  range: { readonly min: number | null; readonly max: number | null; readonly symmetric: boolean },
): Wish {
  const qscheme = range.symmetric ? 'symmetric' : 'asymmetric'
  const schemed = isQuantizedFloat(dtype)
    ? wish
    : withClaim(wish, 'qscheme', { value: qscheme, priority: FACT })
  return { ...schemed, range: { value: [range.min, range.max], priority: FACT } }
}

function place(
  slots: SlotTable,
  { priority }: Winner,
  node: Node,
  input: number | null,
  spec: QuantizationSpec | null | undefined,
  target: QuantizationTarget,
): Slot | undefined {
  if (spec === undefined) return undefined
  const slot = slots.ensure(node, input)
  if (spec === null) slot.group.declined = priority
  else slot.group.wish = wishOf(spec, target, priority)
  return slot
}

function warnOfSeveralKeys(
  { states, logger }: Annotating,
  node: Node,
  value: Value,
  specs: StateSpecs,
): void {
  const keys = keysOf(states, value, specs)
  if (keys.length <= 1) return
  logger.warn(
    `The state "${[...states.names(value)].join('", "')}" of "${node.name}" has several entries: ${keys.join(', ')}; the last one counts`,
  )
}

/** The entries for any of a state's names, in order of declaration. */
function keysOf(states: StateIndex, value: Value, specs: StateSpecs): string[] {
  const names = states.names(value)
  return [...specs.keys()].filter((key) => names.has(key))
}

function namedByPosition({ states, view }: Annotating, node: Node, value: Value, i: number): ConfigError {
  const [owner] = states.owners(value)
  const name = owner?.name ?? view.input(value)?.name ?? 'a state'
  return new ConfigError(
    `Cannot annotate "${node.name}": expected an input that is no state at position ${i} of op_input_spec, got the state "${name}"\n` +
      `Hint: states are configured by name: op_state_spec: { ${name}: ... }`,
    node.name,
  )
}
