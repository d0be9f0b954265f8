import type { ModuleClass } from '../../nn/module.ts'
import { ConfigError, checkNames, type SourcePosition, unexpected } from '../config-error.ts'
import { defaultLogger } from '../logger.ts'
import { readRecord } from '../schema/maps.ts'
import { entryPath } from '../schema/schema.ts'
import { ExecutionMode, readExecutionMode } from './execution-mode.ts'
import { KVCacheQuantConfig } from './kv-cache-quant-config.ts'
import { readAttributes, readByName, readByType, readGlobal, refuseCaches } from './module-config-maps.ts'
import { ModuleQuantizerConfig } from './module-quantizer-config.ts'
import { type ModuleTarget, readTargets } from './module-targets.ts'
import { isModuleType, moduleTypeName, readModuleType } from './module-types.ts'
import { namePattern } from './name-pattern.ts'
import { type DictOptions, namedToDict, readNamed } from './named-configs.ts'
import type { BlockOptions } from './preset-options.ts'
import type { PresetOptions, QuantizerConfigOptions, ReadOptions } from './quantizer-config-options.ts'
import { located, readYaml } from './read-yaml.ts'
import { writeYaml } from './write-yaml.ts'

const KEYS = {
  globalConfig: 'global_config',
  moduleTypeConfigs: 'module_type_configs',
  moduleNameConfigs: 'module_name_configs',
  preservedAttributes: 'preserved_attributes',
  executionMode: 'execution_mode',
  kvCacheQuantConfigs: 'kv_cache_quant_configs',
} as const

/** Keys that stand on top of a config file. */
const TOP_KEY = 'quantization_config'
const ANCHORS_KEY = 'quantization_spec'

/**
 * What is quantized in a model, and how. Setters change it in place and return it, so that calls chain.
 *
 * @typeParam E the execution mode, where it is written in the program: `'eager'` gives a quantizer its types; both where a file says it
 * @example
 * QuantizerConfig.w4().onlyFor('lm_head').globalConfig.isDisabled // => true
 */
export class QuantizerConfig<E extends ExecutionMode = ExecutionMode> {
  #globalConfig: ModuleQuantizerConfig
  #moduleTypeConfigs: Map<string, ModuleQuantizerConfig>
  #moduleNameConfigs: Map<string, ModuleQuantizerConfig>
  #executionMode: ExecutionMode
  /** Names of attributes that a captured model keeps. */
  readonly preservedAttributes: readonly string[] | null
  /** Caches that operations update, by name of operation. */
  readonly kvCacheQuantConfigs: ReadonlyMap<string, KVCacheQuantConfig> | null

  /** @throws ConfigError for a value that is impossible */
  constructor(options: QuantizerConfigOptions<E> = {}) {
    checkNames(options, Object.keys(KEYS), '')
    const {
      globalConfig,
      moduleTypeConfigs = null,
      moduleNameConfigs = null,
      executionMode = 'graph',
      kvCacheQuantConfigs = null,
    } = options
    this.#globalConfig = readGlobal(
      globalConfig === undefined ? new ModuleQuantizerConfig() : globalConfig,
      'globalConfig',
    )
    this.#moduleTypeConfigs = readByType(moduleTypeConfigs, 'moduleTypeConfigs')
    this.#moduleNameConfigs = readByName(moduleNameConfigs, 'moduleNameConfigs')
    this.#executionMode = readExecutionMode(executionMode, 'executionMode')
    this.preservedAttributes = readAttributes(options.preservedAttributes ?? null, 'preservedAttributes')
    this.kvCacheQuantConfigs =
      kvCacheQuantConfigs &&
      readNamed(kvCacheQuantConfigs, 'kvCacheQuantConfigs', (entry, at) =>
        KVCacheQuantConfig.fromDict(entry, at),
      )
    refuseCaches(this.#executionMode, this.kvCacheQuantConfigs, 'executionMode')
  }

  /** Settings of every module that nothing else names. */
  get globalConfig(): ModuleQuantizerConfig {
    return this.#globalConfig
  }

  /** Settings by full name of a module's type, in order of declaration. */
  get moduleTypeConfigs(): ReadonlyMap<string, ModuleQuantizerConfig> {
    return this.#moduleTypeConfigs
  }

  /** Settings by a regular expression for the module's name, in order of declaration; the last match wins. */
  get moduleNameConfigs(): ReadonlyMap<string, ModuleQuantizerConfig> {
    return this.#moduleNameConfigs
  }

  /** How a model is quantized. */
  get executionMode(): E {
    return this.#executionMode as E
  }

  /** Weights only, int8, symmetric, per channel. @throws TypeError for an option that is not there */
  static w8<E extends ExecutionMode>({
    executionMode,
    ...options
  }: PresetOptions<E> = {}): QuantizerConfig<E> {
    return preset(ModuleQuantizerConfig.w8(options), executionMode)
  }

  /** Weights only, int4, symmetric, per channel. @throws TypeError for an option that is not there */
  static w4<E extends ExecutionMode>({
    executionMode,
    ...options
  }: PresetOptions<E> = {}): QuantizerConfig<E> {
    return preset(ModuleQuantizerConfig.w4(options), executionMode)
  }

  /** Weights only, int4, symmetric, in blocks. @throws TypeError for an option that is not there; ConfigError for a bad size */
  static w4PerBlock<E extends ExecutionMode>({
    executionMode,
    ...options
  }: PresetOptions<E> & BlockOptions = {}): QuantizerConfig<E> {
    return preset(ModuleQuantizerConfig.w4PerBlock(options), executionMode)
  }

  /** Sets the settings of every module that nothing else names; null quantizes none of them. @throws ConfigError for module specs in it */
  setGlobal(config: ModuleQuantizerConfig | null): this {
    this.#globalConfig = readGlobal(config, 'globalConfig')
    return this
  }

  /** Sets the settings of a type of module; null quantizes none. @throws TypeError or ConfigError for what is no type */
  setModuleType(type: ModuleClass | string, config: ModuleQuantizerConfig | null): this {
    this.#moduleTypeConfigs.set(readModuleType(type), ModuleQuantizerConfig.fromDict(config))
    return this
  }

  /** Sets the settings of modules whose whole name matches a regular expression; null quantizes none. @throws ConfigError for a bad expression */
  setModuleName(name: string, config: ModuleQuantizerConfig | null): this {
    namePattern(name, entryPath('moduleNameConfigs', name))
    this.#moduleNameConfigs.set(name, ModuleQuantizerConfig.fromDict(config))
    return this
  }

  /** Sets how a model is quantized. @throws ConfigError for anything but `graph` and `eager`, or eager mode with caches */
  setExecutionMode<N extends ExecutionMode>(mode: N, { logger }: ReadOptions = {}): QuantizerConfig<N> {
    const read = readExecutionMode(mode, 'executionMode', logger)
    refuseCaches(read, this.kvCacheQuantConfigs, 'executionMode')
    this.#executionMode = read
    return this as unknown as QuantizerConfig<N>
  }

  /**
   * Gives the global settings to some modules, by type (a class) or name (a string), and quantizes nothing else that is not named already.
   * @throws TypeError for a target that is neither; ConfigError without a target, or when the global settings are disabled
   */
  onlyFor(...targets: readonly (ModuleTarget | readonly ModuleTarget[])[]): this {
    const found = readTargets(targets)
    if (found.length === 0) throw unexpected('targets', 'at least one module class or name', 'none')
    if (this.#globalConfig.isDisabled) {
      throw unexpected(
        'globalConfig',
        'settings that quantize something, to give them to the targets',
        'disabled ones',
      )
    }
    for (const { isType, key } of found) this.#configs(isType).set(key, this.#globalConfig)
    this.#globalConfig = ModuleQuantizerConfig.disabled()
    return this
  }

  /**
   * Leaves some modules unquantized, by type (a class) or name (a string).
   * @throws TypeError for a target that is neither
   */
  without(...targets: readonly (ModuleTarget | readonly ModuleTarget[])[]): this {
    for (const { isType, key } of readTargets(targets))
      this.#configs(isType).set(key, ModuleQuantizerConfig.disabled())
    return this
  }

  #configs(isType: boolean): Map<string, ModuleQuantizerConfig> {
    return isType ? this.#moduleTypeConfigs : this.#moduleNameConfigs
  }

  /**
   * Settings of one module by itself: those of the first name that matches, else those of its type, else the global ones. What a module inherits from
   * the modules above it is not looked at; `moduleConfigsOf` does that for a whole model.
   * @param name dotted path of the module
   */
  getModuleConfig(name: string, type: ModuleClass | string): ModuleQuantizerConfig {
    for (const [pattern, config] of this.#moduleNameConfigs)
      if (namePattern(pattern).matches(name)) return config
    const actual = moduleTypeName(type)
    for (const [configured, config] of this.#moduleTypeConfigs)
      if (isModuleType(configured, actual)) return config
    return this.#globalConfig
  }

  /** The config as a file has it, under `quantization_config`. */
  toDict(options: DictOptions = {}): Record<string, unknown> {
    const caches = this.kvCacheQuantConfigs
    return {
      [TOP_KEY]: {
        global_config: this.#globalConfig.toDict(options),
        module_type_configs: namedToDict(this.#moduleTypeConfigs, options),
        module_name_configs: namedToDict(this.#moduleNameConfigs, options),
        preserved_attributes: this.preservedAttributes && [...this.preservedAttributes],
        execution_mode: this.#executionMode,
        kv_cache_quant_configs: caches && namedToDict(caches, options),
      },
    }
  }

  /** The config as a YAML file, which the Python library reads too. */
  toYaml(): string {
    return writeYaml(this.toDict({ ordered: true }))
  }

  /**
   * Reads a YAML file. Anchors and merge keys are followed; values are those of YAML 1.1, as PyYAML reads them.
   * @param text content of the file
   * @returns null, with a warning, for an empty file
   * @throws ConfigError with line and column; TypeError when `quantization_config` is no map
   */
  static fromYaml(text: string, options: ReadOptions = {}): QuantizerConfig | null {
    const { content, positionOf } = readYaml(text)
    if (content === undefined || content === null) {
      const { logger = defaultLogger } = options
      logger.warn('A config file is empty: it gives no config')
      return null
    }
    const config = locating(positionOf, () => contentOf(content))
    return locating(
      (path) => positionOf(entryPath(TOP_KEY, path)),
      () => fromContent(config, options),
    )
  }

  /**
   * Reads the content of a config file: a map with `quantization_config` and, for anchors only, `quantization_spec`.
   * @throws ConfigError for an unknown key or an impossible value
   * @throws TypeError when `quantization_config` is no map
   */
  static fromDict(dict: unknown, options: ReadOptions = {}): QuantizerConfig {
    return fromContent(contentOf(dict), options)
  }
}

/** What stands under `quantization_config`. */
function contentOf(dict: unknown): object {
  const top = readRecord(dict, '', [TOP_KEY, ANCHORS_KEY])
  if (!top.has(TOP_KEY)) throw unexpected(TOP_KEY, 'the config under this key', 'none')
  const content = top.get(TOP_KEY)
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content
  const kind = content === null ? 'null' : Array.isArray(content) ? 'a list' : typeof content
  throw new TypeError(`Cannot read "${TOP_KEY}": expected a map, got ${kind}`)
}

function fromContent(content: object, { logger }: ReadOptions): QuantizerConfig {
  const entries = readRecord(content, '', Object.values(KEYS))
  const at = (name: keyof typeof KEYS) => entries.get(KEYS[name]) ?? null
  const given = at('kvCacheQuantConfigs')
  const kvCacheQuantConfigs =
    given &&
    readNamed(given, KEYS.kvCacheQuantConfigs, (entry, path) => KVCacheQuantConfig.fromDict(entry, path))
  const executionMode = readExecutionMode(
    entries.has(KEYS.executionMode) ? entries.get(KEYS.executionMode) : ExecutionMode.GRAPH,
    KEYS.executionMode,
    logger,
  )
  refuseCaches(executionMode, kvCacheQuantConfigs, KEYS.executionMode)
  return new QuantizerConfig({
    ...(entries.has(KEYS.globalConfig)
      ? { globalConfig: readGlobal(at('globalConfig'), KEYS.globalConfig) }
      : {}),
    moduleTypeConfigs: readByType(at('moduleTypeConfigs'), KEYS.moduleTypeConfigs),
    moduleNameConfigs: readByName(at('moduleNameConfigs'), KEYS.moduleNameConfigs),
    preservedAttributes: readAttributes(at('preservedAttributes'), KEYS.preservedAttributes),
    executionMode,
    kvCacheQuantConfigs,
  })
}

/** Does what throws errors of configs, and says in them where the entry at their path stands. */
function locating<T>(positionOf: (path: string) => SourcePosition, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof ConfigError ? located(error, positionOf(error.path)) : error
  }
}

function preset<E extends ExecutionMode>(
  globalConfig: ModuleQuantizerConfig,
  executionMode: E | undefined,
): QuantizerConfig<E> {
  return new QuantizerConfig({ globalConfig, ...(executionMode === undefined ? {} : { executionMode }) })
}
