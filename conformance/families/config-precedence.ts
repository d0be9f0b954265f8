import {
  ModuleQuantizerConfig,
  moduleConfigsOf,
  QuantizationSpec,
  QuantizerConfig,
  type StateSpecs,
  type TensorSpecs,
} from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
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

function configIn({ config }: JsonObject): QuantizerConfig {
  const { global = null, types = {}, names = {} } = config as Readonly<Record<string, JsonObject>>
  return new QuantizerConfig({
    globalConfig: moduleConfig(global),
    moduleTypeConfigs: new Map(Object.entries(types).map(([key, entry]) => [key, moduleConfig(entry)])),
    moduleNameConfigs: new Map(Object.entries(names).map(([key, entry]) => [key, moduleConfig(entry)])),
  })
}

function moduleConfig(recorded: unknown): ModuleQuantizerConfig {
  return ModuleQuantizerConfig.fromDict(withSpecs(recorded))
}

/** Numbers are tags: each stands for a spec that carries it as the upper bound of its range. */
function withSpecs(recorded: unknown): unknown {
  if (typeof recorded === 'number') return new QuantizationSpec({ floatRange: [null, recorded] })
  if (typeof recorded !== 'object' || recorded === null) return recorded
  return Object.fromEntries(Object.entries(recorded).map(([key, entry]) => [key, withSpecs(entry)]))
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
