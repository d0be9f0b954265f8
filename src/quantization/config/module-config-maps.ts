import { unexpected } from '../config-error.ts'
import { text } from '../schema/scalars.ts'
import { entryPath } from '../schema/schema.ts'
import type { ExecutionMode } from './execution-mode.ts'
import type { KVCacheQuantConfig } from './kv-cache-quant-config.ts'
import { ModuleQuantizerConfig } from './module-quantizer-config.ts'
import { readModuleType } from './module-types.ts'
import { namePattern } from './name-pattern.ts'
import { readNamed } from './named-configs.ts'

/** Global settings: they cannot speak of the inputs, outputs and states of one module. @throws ConfigError */
export function readGlobal(value: unknown, path: string): ModuleQuantizerConfig {
  const config = ModuleQuantizerConfig.fromDict(value, path)
  const specs = {
    module_input_spec: config.moduleInputSpec,
    module_output_spec: config.moduleOutputSpec,
    module_state_spec: config.moduleStateSpec,
  }
  for (const [key, entries] of Object.entries(specs)) {
    if (entries.size > 0)
      throw unexpected(
        entryPath(path, key),
        'no module specs in the global config',
        'some',
        'give them to a module by type or by name',
      )
  }
  return config
}

/** Settings by full name of type; null is none. @throws TypeError or ConfigError for what is no type */
export function readByType(value: unknown, path: string): Map<string, ModuleQuantizerConfig> {
  const configs = new Map<string, ModuleQuantizerConfig>()
  if (value === null) return configs
  const entries = value instanceof Map ? value : readNamed(value, path, (entry) => entry)
  for (const [type, entry] of entries) {
    const at = typeof type === 'string' ? entryPath(path, type) : path
    const name = readModuleType(type, at)
    configs.set(
      name,
      ModuleQuantizerConfig.fromDict(entry, typeof type === 'string' ? at : entryPath(path, name)),
    )
  }
  return configs
}

/** Settings by regular expression for the name; null is none. @throws ConfigError for what is no regular expression */
export function readByName(value: unknown, path: string): Map<string, ModuleQuantizerConfig> {
  return new Map(
    readNamed(value, path, (entry, at, key) => {
      namePattern(key, at)
      return ModuleQuantizerConfig.fromDict(entry, at)
    }),
  )
}

/** Names of attributes, or null. @throws ConfigError */
export function readAttributes(value: unknown, path: string): readonly string[] | null {
  if (value === null) return null
  if (!Array.isArray(value)) throw unexpected(path, 'a list of names, or null', value)
  return Object.freeze(value.map((name: unknown, i) => text.read(name, entryPath(path, String(i)))))
}

/** @throws ConfigError for eager mode with caches, which it does not have */
export function refuseCaches(
  mode: ExecutionMode,
  caches: ReadonlyMap<string, KVCacheQuantConfig> | null,
  path: string,
): void {
  if (mode === 'eager' && caches !== null && caches.size > 0)
    throw unexpected(path, '"graph" for a config with kv_cache_quant_configs', mode)
}
