import type { FakeQuantizerReport, ModelInspector, ObserverReport } from 'lowbit'
import type { JsonObject, PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { type PreparedCase, prepareCase } from './graph-case.ts'
import {
  hasFile,
  isSizeNode,
  type RecordedModel,
  type RecordedPlace,
  type RecordedPreparation,
  readRecorded,
} from './graph-recordings.ts'
import { compareGraphs } from './graph-structure.ts'
import { compareDicts } from './recorded-dicts.ts'
import { countWarnings, recordedSpec, specFields } from './recorded-quantizers.ts'

/** Checks the part `prepare`: annotations, winners, fake quantizers, sharing, specs, the prepared graph, warnings and refusals. */
export async function checkPrepare(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '', modelFolder } = context
  const recorded = readRecorded<RecordedPreparation>(configFolder, 'prepared.json')
  const folder = hasFile(configFolder, 'exported.json') ? configFolder : modelFolder
  const exported = readRecorded<RecordedModel>(folder, 'exported.json')
  const refused = recorded.construct_error ?? recorded.prepare_error
  if (refused !== undefined) return checkRefusal(context, refused.error, exported)
  const own = await prepareCase(context)
  const names = { ...namesIn(exported), node: renaming(operationsOf(own), callsIn(exported)) }
  const divergence = compareCase(recorded, own, names)
  if (divergence !== undefined || !hasFile(modelFolder, 'model_in_place.pt2')) return divergence
  const inPlace = await prepareCase(context, 'model_in_place.pt2')
  const renamed = compareCase(recorded, inPlace, {
    ...names,
    node: renaming(operationsOf(inPlace), callsIn(exported)),
  })
  return renamed && { ...renamed, where: `in place: ${renamed.where}` }
}

/** Names of lowbit and of the recording. */
interface Names {
  /** Name by which lowbit knows what a recorded node reads: a state by its path, one of several results by its number. */
  readonly input: (recorded: string) => string
  /** Name in the recording of an operation of lowbit. */
  readonly node: (own: string) => string
}

function namesIn({ graph }: RecordedModel): Names {
  const names = new Map(
    graph.flatMap(({ name, op, target, args: [source, index] }) => {
      if (op === 'get_attr' || op === 'placeholder') return [[name, target]]
      if (target !== 'operator.getitem' || typeof source !== 'object' || source === null) return []
      const from = 'node' in source ? source.node : ''
      return [[name, index === 0 ? from : `${from}#${String(index)}`]]
    }),
  )
  return { input: (recorded) => names.get(recorded) ?? recorded, node: (own) => own }
}

/**
 * Names in the recording of the operations of a program that has the same operations in the same order: activations in place are called otherwise,
 * and some are plain ones here.
 */
function renaming(own: readonly string[], recorded: readonly string[]): (name: string) => string {
  if (own.length !== recorded.length) return (name) => name
  const names = new Map(own.map((name, i) => [name, recorded[i] ?? name]))
  return (name) => names.get(name) ?? name
}

function operationsOf({ quantizer }: PreparedCase): string[] {
  return quantizer.inspect().operations.map(({ name }) => name)
}

function callsIn({ graph }: RecordedModel): string[] {
  const calls = graph.filter(
    (node) => node.op === 'call_function' && node.target !== 'operator.getitem' && !isSizeNode(node),
  )
  return calls.map(({ name }) => name)
}

/**
 * A configuration that the reference refuses is refused, but for its defects: a model that calls one operation in several ways, and weights
 * whose axis no operation tells.
 */
async function checkRefusal(
  context: PartContext,
  error: string,
  exported: RecordedModel,
): Promise<Divergence | undefined> {
  let prepared: PreparedCase
  try {
    prepared = await prepareCase(context)
  } catch (thrown) {
    return compareError('prepare_error', error, thrown)
  }
  const mixed = mixedForms(exported)
  if (mixed.size > 0) return checkMixedForms(prepared.quantizer.inspect(), mixed)
  if (error === 'KeyError' && leavesBoundary(prepared)) return undefined
  const isUnsettled = prepared.warnings.some((warning) => warning.includes('tells the axis'))
  return isUnsettled && error === 'ValueError' ? undefined : compareError('prepare_error', error, undefined)
}

/** Whether a module's boundary is left as it is by null: the reference fails over that (known defect 14). */
function leavesBoundary({ config }: PreparedCase): boolean {
  const modules = [...config.moduleTypeConfigs.values(), ...config.moduleNameConfigs.values()]
  return modules.some(({ moduleInputSpec, moduleOutputSpec }) =>
    [...moduleInputSpec.values(), ...moduleOutputSpec.values()].includes(null),
  )
}

/** Types of operations that a model calls in several ways: as a function, as a method, as an operator. */
function mixedForms({ graph }: RecordedModel): Set<string> {
  const forms = new Map<string, Set<string>>()
  for (const { torch_fn: [, call = ''] = [] } of graph) {
    const [form = '', type = ''] = call.split('.')
    forms.set(type, (forms.get(type) ?? new Set()).add(form))
  }
  return new Set([...forms].filter(([, kinds]) => kinds.size > 1).map(([type]) => type))
}

function checkMixedForms({ operations }: ModelInspector, types: ReadonlySet<string>): Divergence | undefined {
  const missed = operations.find(({ type, winner }) => types.has(type) && winner === null)
  return missed && { where: missed.name, expected: 'a pattern that takes it', got: 'none' }
}

function compareCase(
  recorded: RecordedPreparation,
  { quantizer, prepared, warnings }: PreparedCase,
  names: Names,
): Divergence | undefined {
  const inspector = quantizer.inspect()
  const { fakeQuantizers } = inspector
  return (
    compareDicts('match_order', recordedOrder(recorded), matchOrder(inspector, names)) ??
    compareDicts('winning', recordedWinners(recorded), winners(inspector, names)) ??
    compareDicts('annotations', recordedAnnotations(recorded, names), annotations(inspector, names)) ??
    compareDicts('fake_quants', recordedFakeQuants(recorded), fakeQuants(fakeQuantizers)) ??
    compareGraphs(recorded.graph, prepared.graph) ??
    compareDicts('module_to_fqs', recorded.module_to_fqs, countModules(fakeQuantizers)) ??
    compareDicts('log_warnings', countsIn(recorded), countWarnings(warnings))
  )
}

function recordedOrder({ match_order: order }: RecordedPreparation): unknown {
  return order.map(({ node, pattern_length: length }) => [node, length])
}

function matchOrder({ matches }: ModelInspector, names: Names): unknown {
  return matches.map(({ key, nodes }) => [names.node(key), nodes.length])
}

function recordedWinners({ winning }: RecordedPreparation): JsonObject {
  return Object.fromEntries(
    winning.map(({ node, priority, primary, group }) => [
      node,
      { priority, primary, group: [...group].sort() },
    ]),
  )
}

function winners({ operations }: ModelInspector, names: Names): JsonObject {
  return Object.fromEntries(
    operations.flatMap(({ name, winner }) => {
      if (winner === null) return []
      const { priority, isKey: primary, group } = winner
      return [[names.node(name), { priority, primary, group: group.map(names.node).sort() }]]
    }),
  )
}

function recordedAnnotations({ annotations: nodes, spec_table: table }: RecordedPreparation, names: Names) {
  const entry = (place: Exclude<RecordedPlace, null>) => {
    if ('spec_id' in place) return recordedSpec(table[place.spec_id] ?? {})
    const { shared_with: shared } = place
    const [from, to] = 'edge' in shared ? shared.edge : [null, shared.node]
    return { node: to, input: from === null ? null : names.input(from) }
  }
  return Object.fromEntries(
    nodes.flatMap(({ node, inputs, output }) => {
      const places = inputs.flatMap(([input, place]) =>
        place ? [[names.input(input), entry(place)] as const] : [],
      )
      return output || places.length > 0
        ? [[node, { inputs: Object.fromEntries(places), output: output && entry(output) }]]
        : []
    }),
  )
}

function annotations({ operations }: ModelInspector, names: Names): JsonObject {
  const own = (input: string | null) => (input === null ? null : names.node(input))
  const entry = ({ sharedWith, spec, target }: ObserverReport) =>
    sharedWith === null
      ? specFields(spec, target)
      : { node: names.node(sharedWith.node), input: own(sharedWith.input) }
  return Object.fromEntries(
    operations.flatMap(({ name, inputs, output: { observer: output } }) => {
      const places = inputs.flatMap(({ input, observer }) =>
        observer ? [[own(input), entry(observer)] as const] : [],
      )
      return output || places.length > 0
        ? [[names.node(name), { inputs: Object.fromEntries(places), output: output && entry(output) }]]
        : []
    }),
  )
}

function recordedFakeQuants({ fake_quants: calls }: RecordedPreparation): JsonObject {
  return Object.fromEntries(
    calls.map(({ node, object, ...call }) => [
      node,
      {
        ...recordedSpec(call.spec),
        module: call.module_name,
        observer_enabled: call.observer_enabled,
        fake_quant_enabled: call.fake_quant_enabled,
        sharedBy: calls.flatMap((twin) => (twin.object === object ? [twin.node] : [])).sort(),
      },
    ]),
  )
}

function fakeQuants(calls: readonly FakeQuantizerReport[]): JsonObject {
  return Object.fromEntries(
    calls.map(({ name, fakeQuantize, target, spec, granularity, module, sharedBy }) => [
      name,
      {
        ...specFields(spec, target),
        granularity: granularity.toDict(),
        module,
        observer_enabled: Number(fakeQuantize.observerEnabled),
        fake_quant_enabled: Number(fakeQuantize.fakeQuantEnabled),
        sharedBy: [...sharedBy].sort(),
      },
    ]),
  )
}

function countModules(calls: readonly FakeQuantizerReport[]): JsonObject {
  const counts: Record<string, number> = {}
  for (const { module } of calls) counts[module] = (counts[module] ?? 0) + 1
  return counts
}

function countsIn({ log_warnings: counts, user_warnings: others }: RecordedPreparation): JsonObject {
  return { ...counts, ...(others > 0 ? { others } : {}) }
}
