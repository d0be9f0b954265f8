import {
  ExecutionMode,
  type FakeQuantizerReport,
  type Module,
  ModuleQuantizerConfig,
  moduleConfigsOf,
  QuantizationSpec,
  type QuantizedDType,
  Quantizer,
  QuantizerConfig,
  type StateSpecs,
  type TensorSpecs,
  zeros,
} from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { precedenceModel } from './precedence-models.ts'
import { compareDicts } from './recorded-dicts.ts'

const LEVELS = { name: 'module_name', type: 'module_type', global: 'global' } as const

/** Checks the `build` of an entry of config/precedence: which settings each module gets, in order. */
export function checkBuild({ entry }: EntryContext): Divergence | undefined {
  const got: Record<string, Record<string, unknown>> = { module_name: {}, module_type: {}, global: {} }
  for (const [path, { level, config }] of moduleConfigsOf(precedenceModel(entry.model), configIn(entry))) {
    const claims = got[LEVELS[level]]
    if (claims === undefined) return { where: 'level', expected: 'one that is known', got: level }
    claims[path] = moduleTags(config)
  }
  const divergence = compareDicts('build', entry.build, got)
  if (divergence !== undefined) return divergence
  const orderOf = (build: JsonObject) =>
    JSON.stringify(Object.values(build).map((claims) => Object.keys(claims as JsonObject)))
  const [expected, order] = [orderOf(entry.build as JsonObject), orderOf(got)]
  return expected === order ? undefined : { where: 'order', expected, got: order }
}

/** Checks the `get_module_config` of an entry of config/precedence: settings of a module by itself. */
export function checkModuleConfig({ entry }: EntryContext): Divergence | undefined {
  const config = configIn(entry)
  for (const [path, recorded] of Object.entries(
    entry.get_module_config as Readonly<Record<string, JsonObject>>,
  )) {
    const got = tags(config.getModuleConfig(path, String(recorded.type)).opStateSpec)
    const divergence = compareDicts(`get_module_config.${path}`, recorded.op_state_spec, got)
    if (divergence !== undefined) return divergence
  }
  return undefined
}

/** Shapes of the models' inputs. */
export const EXAMPLES: Readonly<Record<string, readonly number[]>> = {
  Net: [2, 8],
  Conv: [1, 2, 5, 5],
  Alias: [2, 8],
}

/**
 * Checks the `graph` of an entry of config/precedence: between which operations fake quantizers stand, which of them are one, and whose spec won.
 * Each tag has an element type of its own, which priority decides; a second run has the tags as bounds of the range, which are united.
 */
export async function checkGraphPlacement({ entry }: EntryContext): Promise<Divergence | undefined> {
  const dtypes = entry.graph_tag_dtype as Readonly<Record<string, QuantizedDType>>
  return (
    (await comparePlacements(entry, 'graph', 'tag', (tag) => {
      const dtype = dtypes[String(tag)]
      return new QuantizationSpec(dtype === undefined ? {} : { dtype })
    })) ??
    (await comparePlacements(entry, 'graph_float_range_upper', 'float_range_upper', (tag) => {
      return new QuantizationSpec({ floatRange: [null, tag] })
    }))
  )
}

async function comparePlacements(
  entry: JsonObject,
  key: 'graph' | 'graph_float_range_upper',
  field: 'tag' | 'float_range_upper',
  specOf: (tag: number) => QuantizationSpec,
): Promise<Divergence | undefined> {
  const recorded = entry[key] as readonly JsonObject[] | { readonly error: JsonObject }
  const refused = 'error' in recorded ? recorded.error : undefined
  let placements: readonly Placement[]
  try {
    placements = await placementsOf(entry, specOf)
  } catch (error) {
    return compareError(key, refused ?? 'no error', error)
  }
  // A boundary spec of null is a KeyError of the reference: lowbit leaves such a boundary as it is.
  if (refused !== undefined)
    return refused.type === 'KeyError' ? undefined : compareError(key, refused, undefined)
  const tags = entry.graph_tag_dtype as Readonly<Record<string, string>>
  const tagOf = ({ spec }: Placement) =>
    field === 'tag' ? Number(Object.keys(tags).find((tag) => tags[tag] === spec.dtype)) : spec.floatRange[1]
  const got = placements.map((placement) => ({
    instance: placement.instance,
    producer: placement.producer,
    consumers: placement.consumers,
    target: placement.target,
    [field]: tagOf(placement),
  }))
  return compareDicts(key, byProducer(recorded as readonly JsonObject[]), byProducer(got))
}

interface Placement extends Pick<FakeQuantizerReport, 'target' | 'spec'> {
  readonly instance: string
  readonly producer: string
  readonly consumers: readonly string[]
}

async function placementsOf(
  entry: JsonObject,
  specOf: (tag: number) => QuantizationSpec,
): Promise<Placement[]> {
  const model = precedenceModel(entry.model)
  const config = withoutAliasedBoundaries(model, configIn(entry, specOf))
  const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
  await quantizer.prepare([zeros(EXAMPLES[String(entry.model)] ?? [])])
  const { fakeQuantizers } = quantizer.inspect()
  return fakeQuantizers.map(({ producer, consumers, target, spec, sharedBy }) => ({
    instance: [...sharedBy].sort()[0] ?? '',
    producer: producer.replaceAll('.', '_'),
    consumers: consumers.map(({ node }) => node).sort(),
    target,
    spec,
  }))
}

/**
 * In the reference's graph mode, specs that a module with several names has for its boundary reach nothing (docs/differences.md): here they are taken out, from
 * nothing else.
 */
function withoutAliasedBoundaries(model: Module, config: QuantizerConfig): QuantizerConfig {
  const modules = new Map(model.namedModules({ aliases: true }))
  const isAliased = (path: string) =>
    [...modules.values()].filter((module) => module === modules.get(path)).length > 1
  const plain = Array.from(moduleConfigsOf(model, config)).flatMap(([path, { level, config: own }]) => {
    const hasBoundary = own.moduleInputSpec.size + own.moduleOutputSpec.size > 0
    if (level === 'global' || !hasBoundary || !isAliased(path)) return []
    return [[path.replaceAll('.', '\\.'), own.with({ moduleInputSpec: {}, moduleOutputSpec: {} })] as const]
  })
  return new QuantizerConfig({
    globalConfig: config.globalConfig,
    moduleTypeConfigs: config.moduleTypeConfigs,
    moduleNameConfigs: new Map([...config.moduleNameConfigs, ...plain]),
    executionMode: config.executionMode,
  })
}

/** Placements by what they quantize and who reads it, with the instance as the first place that has it. */
function byProducer(placements: readonly JsonObject[]): JsonObject {
  const keyOf = ({ producer, consumers }: JsonObject) => `${String(producer)} -> ${String(consumers)}`
  const sorted = [...placements].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return Object.fromEntries(
    sorted.map((placement) => {
      const first = sorted.find(({ instance }) => instance === placement.instance) ?? placement
      return [keyOf(placement), { ...placement, instance: keyOf(first) }]
    }),
  )
}

/** The config of an entry, with a spec for each tag. */
export function configIn(
  { config }: JsonObject,
  specOf: (tag: number) => QuantizationSpec = rangeOf,
  executionMode: ExecutionMode = ExecutionMode.GRAPH,
): QuantizerConfig {
  const moduleConfig = (recorded: unknown) => ModuleQuantizerConfig.fromDict(withSpecs(recorded, specOf))
  const { global = null, types = {}, names = {} } = config as Readonly<Record<string, JsonObject>>
  return new QuantizerConfig({
    globalConfig: moduleConfig(global),
    moduleTypeConfigs: new Map(Object.entries(types).map(([key, entry]) => [key, moduleConfig(entry)])),
    moduleNameConfigs: new Map(Object.entries(names).map(([key, entry]) => [key, moduleConfig(entry)])),
    executionMode,
  })
}

/** The spec that carries a tag as the upper bound of its range. */
export function rangeOf(tag: number): QuantizationSpec {
  return new QuantizationSpec({ floatRange: [null, tag] })
}

/** Numbers are tags: each stands for a spec that carries it. */
function withSpecs(recorded: unknown, specOf: (tag: number) => QuantizationSpec): unknown {
  if (typeof recorded === 'number') return specOf(recorded)
  if (typeof recorded !== 'object' || recorded === null) return recorded
  return Object.fromEntries(Object.entries(recorded).map(([key, entry]) => [key, withSpecs(entry, specOf)]))
}

function moduleTags(config: ModuleQuantizerConfig): JsonObject {
  return {
    op_input_spec: tags(config.opInputSpec),
    op_output_spec: tags(config.opOutputSpec),
    op_state_spec: tags(config.opStateSpec),
    module_input_spec: tags(config.moduleInputSpec),
    module_output_spec: tags(config.moduleOutputSpec),
    module_state_spec: tags(config.moduleStateSpec),
  }
}

function tags(specs: TensorSpecs | StateSpecs): JsonObject {
  return Object.fromEntries(
    Array.from(specs, ([key, spec]) => [String(key), spec === null ? null : spec.floatRange[1]]),
  )
}
