import { noGrad, runOnce } from '../../engine/recorder.ts'
import { fromHost, type Tensor, tensorsIn } from '../../engine/tensor.ts'
import { eliminateDeadCode } from '../../ir/dead-code.ts'
import type { Node, Value } from '../../ir/node.ts'
import { getMember, setMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { layoutOfGraph } from '../../nn/model-layout.ts'
import { namesOf } from '../../nn/node-names.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import type { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import { makeFakeQuantize } from '../fake-quantize/fake-quantizers.ts'
import type { PlacedFakeQuantize } from '../fake-quantizer-table.ts'
import { type AnnotationReport, reportAnnotations } from '../inspection/report-annotations.ts'
import type { RemovalReport } from '../inspection/reports.ts'
import type { Logger } from '../logger.ts'
import type { AxisScale } from '../qparams/array-qparams.ts'
import { GlobalMinMaxCalculator } from '../qparams/calculators.ts'
import { type AnnotatedGraph, annotate } from './annotate.ts'
import { moveAnnotations } from './annotation.ts'
import { rewriteConvBatchNorms } from './conv-batch-norm.ts'
import { resolveAxes } from './default-axes.ts'
import { scaledWeight } from './folded-weight.ts'
import { unifyGranularities } from './granularities.ts'
import { GraphView, modulePathOf, opTypeOf, outputOf } from './graph-view.ts'
import { type FakeQuantizeCall, insertFakeQuantizers } from './insert.ts'
import type { ObserverGroup } from './observer-groups.ts'
import type { Pattern } from './patterns.ts'
import type { Winner } from './winners.ts'

/** Operations whose modules have no fake quantizers of their own. */
const OWNERLESS = new Set(['batch_norm', 'dropout', 'feature_dropout'])

/** What graph mode is told beside the model. */
export interface PrepareRequest {
  readonly config: QuantizerConfig
  readonly patterns: readonly Pattern[]
  readonly logger: Logger
}

/** A fake quantizer in a prepared graph, with the node that calls it. */
export interface PlacedCall extends PlacedFakeQuantize {
  readonly node: Node
}

/** A graph with fake quantizers in it that have not observed anything yet. */
export interface PreparedGraph extends AnnotatedGraph {
  readonly placed: readonly PlacedCall[]
  /** What annotation decided. */
  readonly report: AnnotationReport
  /** Fake quantizers that were left out. */
  readonly removed: readonly RemovalReport[]
}

/**
 * Puts fake quantizers into the graph of a captured model: annotates it, joins convolutions with batch norms, inserts one object for each range that
 * is shared, drops what nothing reads, and settles axes. Linear in the size of the graph. The module is changed.
 * @throws ConfigError for a config that does not fit the graph
 */
export function insertObservers(
  model: GraphModule,
  { config, patterns, logger }: PrepareRequest,
): PreparedGraph {
  const { graph } = model
  const layout = model.layout ?? layoutOfGraph(graph)
  const annotated = annotate({ graph, layout, config, patterns, logger })
  const report = reportAnnotations(annotated)
  const names = namesOf(graph)
  const replacements = rewriteConvBatchNorms(new GraphView(graph), names)
  const annotations = moveAnnotations(new GraphView(graph), annotated.annotations, replacements)
  const inserted = insertFakeQuantizers(graph, annotations, names)
  graph.nodes = [...eliminateDeadCode(graph.nodes, graph.outputs)]
  const live = new Set(graph.nodes)
  const calls = inserted.filter(({ node }) => live.has(node))
  unifyGranularities(graph, calls, logger)
  const view = new GraphView(graph)
  const unusable = new Set(resolveAxes(view, calls, logger))
  const removed = Array.from(unusable, ({ node, source }): RemovalReport => {
    return { name: node.name, producer: view.nameOf(source), reason: 'axis' }
  })
  removeCalls(model, new Set(Array.from(unusable, ({ node }) => node)))
  const usable = calls.filter((call) => !unusable.has(call))
  const placed = placeObjects(model, usable, annotated.winners, logger)
  return { ...annotated, placed, report, removed }
}

/** What is observed first. */
export interface Example {
  readonly exampleInputs: readonly unknown[]
  /** Whether it is observed again in any case. */
  readonly calibrates: boolean
}

/**
 * Lets the fake quantizers observe one set of inputs, without quantizing. Those that cannot divide a tensor into blocks are taken out. Afterwards
 * values are quantized and observed no more.
 * @returns the fake quantizers that are left, and those that were taken out
 */
export async function observeExample(
  model: GraphModule,
  placed: readonly PlacedCall[],
  { exampleInputs, calibrates }: Example,
): Promise<{ readonly left: readonly PlacedCall[]; readonly removed: readonly RemovalReport[] }> {
  const { training } = model
  for (const { fakeQuantize } of placed) {
    fakeQuantize.enableObserver()
    fakeQuantize.disableFakeQuant()
  }
  model.eval()
  const weights = weightsOnHost(model, placed)
  for (const fakeQuantize of weights.keys()) fakeQuantize.isBypassed = true
  const rest = placed.filter(({ fakeQuantize }) => !weights.has(fakeQuantize))
  const isDone = calibrates ? beginWithZeros(rest) : rest.length === 0
  const running = isDone ? model.checkInputs(...exampleInputs) : runExample(model, exampleInputs)
  for (const fakeQuantize of weights.keys()) fakeQuantize.isBypassed = false
  // While the engine compiles and runs.
  const infinite = [...weights].filter(
    ([fakeQuantize, [weight, scale]]) => !fakeQuantize.observeOnHost(weight, scale),
  )
  await running
  if (infinite.length > 0) {
    for (const { fakeQuantize } of placed) fakeQuantize.disableObserver()
    for (const [fakeQuantize] of infinite) fakeQuantize.enableObserver()
    await runExample(model, exampleInputs)
  }
  model.train(training)
  const view = new GraphView(model.graph)
  const disabled = placed.filter(({ fakeQuantize }) => fakeQuantize.isDisabled)
  const removed = disabled.map(({ node }): RemovalReport => {
    const [source] = node.inputs
    return { name: node.name, producer: source ? view.nameOf(source) : '', reason: 'block size' }
  })
  removeCalls(model, new Set(disabled.map(({ node }) => node)))
  for (const { fakeQuantize } of placed) {
    fakeQuantize.disableObserver()
    fakeQuantize.enableFakeQuant()
  }
  return { left: placed.filter((call) => !disabled.includes(call)), removed }
}

/** Runs a model once, whatever it observes; dispatched when the call returns. */
async function runExample(model: GraphModule, exampleInputs: readonly unknown[]): Promise<void> {
  await runOnce(async () => {
    const results = noGrad(() => model(...exampleInputs))
    for (const result of tensorsIn(results)) await result.realize()
  })
}

/** What weights can be observed on the host, with what a batch norm scales them by. */
function weightsOnHost(
  model: GraphModule,
  placed: readonly PlacedCall[],
): ReadonlyMap<FakeQuantize, readonly [weight: Tensor, scale: AxisScale | undefined]> {
  const paths = new Map(
    model.graph.inputs.flatMap(({ value, name, kind }) => (kind === 'state' ? [[value, name]] : [])),
  )
  const stateOf = (value: Value): Tensor | undefined => {
    const path = paths.get(value)
    const state = path === undefined ? undefined : getMember(model, path)
    return state instanceof Parameter || state instanceof Buffer ? state : undefined
  }
  const sources = new Map<FakeQuantize, Set<Value>>()
  for (const { node, fakeQuantize } of placed) {
    const [source] = node.inputs
    if (source) sources.set(fakeQuantize, (sources.get(fakeQuantize) ?? new Set()).add(source))
  }
  const weights = new Map<FakeQuantize, readonly [weight: Tensor, scale: AxisScale | undefined]>()
  for (const [fakeQuantize, [source, another]] of sources) {
    if (fakeQuantize.target !== 'weight' || source === undefined || another !== undefined) continue
    const [weight, scale] =
      source.node === null ? [stateOf(source)] : (scaledWeight(source.node, stateOf) ?? [])
    if (weight && fakeQuantize.canObserveOnHost(weight)) weights.set(fakeQuantize, [weight, scale])
  }
  return weights
}

/** Lets activations whose extremes are kept begin with 0, which every range contains. @returns false where the model has to be run */
function beginWithZeros(placed: readonly PlacedCall[]): boolean {
  const ranks = new Map<FakeQuantize, number>()
  return placed.every(({ node, fakeQuantize }) => {
    const [source] = node.inputs
    if (!source || fakeQuantize.target === 'weight') return false
    const { length } = source.shape
    const rank = ranks.get(fakeQuantize)
    ranks.set(fakeQuantize, length)
    return rank === undefined ? beginsWithZero(fakeQuantize, source) : rank === length
  })
}

/** Lets a fake quantizer observe a 0 for a whole tensor. @returns false where that would make a difference later on */
function beginsWithZero(fakeQuantize: FakeQuantize, { dtype, shape }: Value): boolean {
  const { granularity, qparams_calculator } = fakeQuantize
  if (dtype !== 'float32' || granularity.type !== 'per_tensor') return false
  if (!(qparams_calculator instanceof GlobalMinMaxCalculator)) return false
  const ones = shape.map(() => 1)
  return fakeQuantize.observeOnHost(fromHost(fromTypedArray(new Float32Array(1), ones)))
}

function placeObjects(
  model: GraphModule,
  calls: readonly FakeQuantizeCall[],
  winners: ReadonlyMap<Node, Winner>,
  logger: Logger,
): PlacedCall[] {
  const view = new GraphView(model.graph)
  const objects = new Map<ObserverGroup, FakeQuantize>()
  return calls.map(({ node, group, source }) => {
    const { spec, target } = group.observer
    const named: Logger = { warn: (message) => logger.warn(`${message} (${view.nameOf(source)})`) }
    const fakeQuantize = objects.get(group) ?? makeFakeQuantize(spec, target, { logger: named })
    objects.set(group, fakeQuantize)
    setMember(model, String(node.attrs.target), fakeQuantize)
    return { node, fakeQuantize, module: ownerOf(view, node, source, winners) }
  })
}

/**
 * The module of the strongest neighbour of a call, of those that read it and what it reads, in this order. Convolutions that were joined with a batch norm
 * count among the weakest; batch norms and dropouts own nothing. The model itself owns the rest.
 */
function ownerOf(view: GraphView, node: Node, source: Value, winners: ReadonlyMap<Node, Winner>): string {
  const neighbours = [...view.users(outputOf(node)), ...(source.node === null ? [] : [source.node])]
  const strength = (neighbour: Node) => winners.get(neighbour)?.priority ?? Number.MAX_SAFE_INTEGER
  const owners = neighbours.filter(
    (each) => each.scope !== undefined && each.op !== node.op && !OWNERLESS.has(opTypeOf(each)),
  )
  const [first] = owners.sort((a, b) => strength(a) - strength(b))
  return first === undefined ? '' : modulePathOf(first)
}

/** Takes calls of fake quantizers out of a graph module: who read them reads what they read. */
export function removeCalls(model: GraphModule, nodes: ReadonlySet<Node>): void {
  if (nodes.size === 0) return
  const { graph } = model
  const sources = new Map<Value, Value>()
  for (const node of nodes) {
    const [source] = node.inputs
    if (source) sources.set(outputOf(node), source)
    Reflect.deleteProperty(model, String(node.attrs.target))
  }
  const current = (value: Value): Value => {
    const source = sources.get(value)
    return source === undefined ? value : current(source)
  }
  graph.nodes = graph.nodes.filter((node) => !nodes.has(node))
  for (const node of graph.nodes) {
    node.inputs.forEach((input, i) => {
      if (input !== null) node.inputs[i] = current(input)
    })
  }
  graph.outputs.forEach((output, i) => {
    graph.outputs[i] = current(output)
  })
}
