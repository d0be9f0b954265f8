import {
  type ExecutionMode,
  Module,
  type ModuleClass,
  ModuleQuantizerConfig,
  QuantizerConfig,
  Tensor,
} from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { compareDicts } from './recorded-dicts.ts'
import { type Captured, capturingLogger } from './warnings.ts'

/** Checks an entry of config/setters_presets: a preset, and setters that change it one after the other. */
export function checkSettersPresets({ entry }: EntryContext): Divergence | undefined {
  if (entry.module_preset !== undefined) {
    return compareDicts(
      'dump',
      entry.dump,
      modulePreset(String(entry.module_preset), {}).toDict({ computed: true }),
    )
  }
  let config: QuantizerConfig
  try {
    config = start(entry.start as JsonObject)
  } catch (error) {
    return compareError('start', entry.start_error ?? 'no error', error)
  }
  if (entry.start_error !== undefined) return compareError('start', entry.start_error, undefined)
  const initial = compareDicts('start_dump', entry.start_dump, config.toDict({ computed: true }))
  if (initial !== undefined) return initial
  for (const [i, op] of ((entry.ops ?? []) as JsonObject[]).entries()) {
    const divergence =
      checkSetter(config, op) ?? compareDicts('dump', op.dump, config.toDict({ computed: true }))
    if (divergence !== undefined) return { ...divergence, where: `ops[${i}].${divergence.where}` }
  }
  return undefined
}

function checkSetter(config: QuantizerConfig, op: JsonObject): Divergence | undefined {
  const captured = capturingLogger()
  let returned: unknown
  try {
    returned = apply(config, op.op as unknown[], captured)
  } catch (error) {
    return compareError('op', op.error ?? 'no error', error)
  }
  if (op.error !== undefined) return compareError('op', op.error, undefined)
  if (returned !== config) return { where: 'returns_self', expected: 'true', got: 'false' }
  const recorded = Array.isArray(op.warnings) ? op.warnings.length : 0
  return captured.warnings.length === recorded
    ? undefined
    : { where: 'warnings', expected: String(recorded), got: JSON.stringify(captured.warnings) }
}

function apply(
  config: QuantizerConfig,
  [name, ...args]: readonly unknown[],
  { logger }: Captured,
): QuantizerConfig {
  const [first, second] = args
  switch (name) {
    case 'only_for':
      return config.onlyFor(...((first as unknown[]).map(target) as ModuleClass[]))
    case 'without':
      return config.without(...((first as unknown[]).map(target) as ModuleClass[]))
    case 'set_global':
      return config.setGlobal(moduleConfig(first))
    case 'set_module_type':
      return config.setModuleType(target(first) as ModuleClass, moduleConfig(second))
    case 'set_module_name':
      return config.setModuleName(first as string, moduleConfig(second))
    case 'set_execution_mode':
      return config.setExecutionMode(first as ExecutionMode, { logger })
    default:
      throw new RangeError(`Cannot check a setter: expected one that is known, got ${String(name)}`)
  }
}

function start(recorded: JsonObject): QuantizerConfig {
  if (recorded.$default !== undefined) return new QuantizerConfig()
  const {
    axis,
    block_size: blockSize,
    execution_mode: executionMode,
    ...others
  } = recorded.args as JsonObject
  const options = { ...defined({ axis, blockSize, executionMode }), ...others }
  const presets: Readonly<Record<string, (options: object) => QuantizerConfig>> = {
    w8: (given) => QuantizerConfig.w8(given),
    w4: (given) => QuantizerConfig.w4(given),
    w4_per_block: (given) => QuantizerConfig.w4PerBlock(given),
  }
  const preset = presets[String(recorded.$preset)]
  if (preset === undefined) throw new TypeError(`Cannot make a preset: got ${String(recorded.$preset)}`)
  return preset(options)
}

function moduleConfig(recorded: unknown): ModuleQuantizerConfig | null {
  if (recorded === null) return null
  const { $preset, args } = recorded as { $preset: string; args: JsonObject }
  return modulePreset($preset, args)
}

function modulePreset(name: string, { axis, block_size: blockSize }: JsonObject): ModuleQuantizerConfig {
  const options = defined({ axis, blockSize })
  if (name === 'w8') return ModuleQuantizerConfig.w8(options)
  return name === 'w4' ? ModuleQuantizerConfig.w4(options) : ModuleQuantizerConfig.w4PerBlock(options)
}

/** A recorded target: a class, given as its name, a list, or the value itself. */
function target(recorded: unknown): unknown {
  if (Array.isArray(recorded)) return recorded.map(target)
  const name =
    typeof recorded === 'object' && recorded !== null && '$type' in recorded
      ? String(recorded.$type)
      : undefined
  if (name === undefined) return recorded
  if (name === 'int') return Number
  return name === 'Tensor' ? Tensor : layerClass(name)
}

/** A class of modules of a name. */
function layerClass(name: string): ModuleClass {
  return {
    [name]: class extends Module {
      override forward(x: Tensor): Tensor {
        return x
      }
    },
  }[name] as ModuleClass
}

function defined(options: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
