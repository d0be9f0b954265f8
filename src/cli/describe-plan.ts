import { getMember } from '../nn/container.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { Buffer, Parameter } from '../nn/parameter.ts'
import { describeObserver } from '../quantization/inspection/describe-observer.ts'
import { describeWin } from '../quantization/inspection/format-table.ts'
import type { ModelInspector } from '../quantization/inspection/model-inspector.ts'
import type { ObserverReport, OpReport, PlaceReport, Unobserved } from '../quantization/inspection/reports.ts'
import { blockShape } from '../quantization/spec/block-shape.ts'
import { bitsOf } from '../quantization/spec/dtypes.ts'
import { type Granularity, PerBlock, PerChannel } from '../quantization/spec/granularity.ts'
import { sizeOf } from '../tensor/shape.ts'
import { ShapeError } from '../tensor/shape-error.ts'

/** An operation that a config quantizes. */
export interface PlannedOp {
  readonly name: string
  readonly type: string
  readonly module: string
  /** Spec of its weight; null where it stays float or there is none. */
  readonly weight: string | null
  /** Spec of what it reads; null where that stays float. */
  readonly input: string | null
  /** Spec of what it makes. */
  readonly output: string | null
  /** Which entry of the config won: `global`, `name "head" > op_type "conv2d"`. */
  readonly winner: string
}

/** An operation that stays float, and why. */
export interface SkippedOp {
  readonly name: string
  readonly type: string
  readonly module: string
  readonly reason: string
}

/** What a config does to a model. */
export interface PlanDescription {
  readonly quantized: readonly PlannedOp[]
  readonly skipped: readonly SkippedOp[]
  /** Weights that are quantized, and bytes of theirs before and after, with their scales as float32. */
  readonly weights: { readonly count: number; readonly bytesBefore: number; readonly bytesAfter: number }
  readonly hasActivations: boolean
}

/** What reasons mean, for people. */
const REASONS: Record<Unobserved, string> = {
  'no pattern': 'no pattern covers this operation',
  'inside pattern': 'computed inside of a fused pattern',
  declined: 'the config says null here',
  'not configured': 'the config says nothing of it',
  'not floating': 'its tensors are no floats',
  'not read': 'nothing reads its result',
  elsewhere: 'quantized by its neighbour',
}

/** Tells what a config does to a model: every operation once, quantized or with the reason why not. */
export function describePlan(model: GraphModule, inspector: ModelInspector): PlanDescription {
  const removed = new Map([
    ...inspector.removed.map(({ producer, reason }) => [producer, `its ${reason} is not known`] as const),
    ...inspector.operations.flatMap((op) => indivisible(model, op)),
  ])
  const quantized: PlannedOp[] = []
  const skipped: SkippedOp[] = []
  for (const op of inspector.operations) {
    const planned = plan(model, op, removed)
    if (planned !== undefined) quantized.push(planned)
    else skipped.push({ name: op.name, type: op.type, module: op.module, reason: reasonFor(op, removed) })
  }
  const places = inspector.operations.flatMap(({ inputs, output }) => [...inputs, output])
  return {
    quantized,
    skipped,
    weights: sumWeights(model, inspector.operations, removed),
    hasActivations: places.some(({ observer }) => observer?.target === 'activation'),
  }
}

function plan(
  model: GraphModule,
  { name, type, module, winner, inputs, output }: OpReport,
  removed: ReadonlyMap<string, string>,
): PlannedOp | undefined {
  const states = inputs.filter((place) => isState(model, place.input) && !removed.has(place.input ?? ''))
  const weight = specOf(states)
  const input = specOf(inputs.filter((place) => !isState(model, place.input)))
  const own = output.observer === null ? null : describeObserver(output.observer)
  if (winner === null || (weight ?? input ?? own) === null) return undefined
  return { name, type, module, weight, input, output: own, winner: describeWin(winner) }
}

/** Weights that do not divide into the blocks that were asked for: preparing finds them too, and leaves them float. */
function indivisible(model: GraphModule, { type, inputs }: OpReport): (readonly [string, string])[] {
  return inputs.flatMap(({ input, observer }) => {
    const state = input === null ? undefined : getMember(model, input)
    const isTensor = state instanceof Parameter || state instanceof Buffer
    if (input === null || observer?.target !== 'weight' || !isTensor) return []
    const blocks = granularityFor(observer, type)
    try {
      blockShape(state.shape, blocks, 'weight')
      return []
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error
      const size = blocks.type === 'per_block' ? String(blocks.blockSize) : blocks.type
      return [[input, `blocks of ${size} do not divide [${state.shape.join(', ')}]`] as const]
    }
  })
}

/** The granularity of a weight with the axis that the operation knows. */
function granularityFor({ spec: { granularity } }: ObserverReport, type: string): Granularity {
  const isTransposed = type.startsWith('conv_transpose')
  if (granularity.type === 'per_channel') return new PerChannel(granularity.axis ?? (isTransposed ? 1 : 0))
  if (granularity.type === 'per_block')
    return new PerBlock(granularity.blockSize, granularity.axis ?? (isTransposed ? 0 : 1))
  return granularity
}

function specOf(places: readonly PlaceReport[]): string | null {
  const observer = places.find((place) => place.observer !== null)?.observer
  return observer ? describeObserver(observer) : null
}

function reasonFor({ winner, inputs, output }: OpReport, removed: ReadonlyMap<string, string>): string {
  const taken = inputs.find(({ input }) => input !== null && removed.has(input))
  if (taken !== undefined) return `its weight cannot be quantized: ${removed.get(taken.input ?? '')}`
  if (winner === null) return REASONS['no pattern']
  const said = [...inputs, output].flatMap(({ reason }) => (reason === null ? [] : [reason]))
  const telling = said.find((reason) => reason !== 'inside pattern' && reason !== 'elsewhere') ?? said[0]
  const where = telling === 'declined' || telling === 'not configured' ? ` (${describeWin(winner)})` : ''
  return `${REASONS[telling ?? 'not configured']}${where}`
}

function isState(model: GraphModule, name: string | null): boolean {
  return name !== null && model.graph.inputs.some((input) => input.kind === 'state' && input.name === name)
}

function sumWeights(
  model: GraphModule,
  operations: readonly OpReport[],
  removed: ReadonlyMap<string, string>,
): PlanDescription['weights'] {
  const seen = new Set<Parameter | Buffer>()
  let bytesBefore = 0
  let bytesAfter = 0
  for (const { type, inputs } of operations) {
    for (const { input, observer } of inputs) {
      if (observer?.target !== 'weight' || input === null || removed.has(input)) continue
      const state = getMember(model, input)
      if (!(state instanceof Parameter || state instanceof Buffer) || seen.has(state)) continue
      seen.add(state)
      const elements = sizeOf(state.shape)
      const scales = elements / sizeOf(blockShape(state.shape, granularityFor(observer, type), 'weight'))
      bytesBefore += elements * 4
      bytesAfter += Math.ceil((elements * bitsOf(observer.spec.dtype)) / 8) + 4 * scales
    }
  }
  return { count: seen.size, bytesBefore, bytesAfter }
}
