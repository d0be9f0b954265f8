import type { ModuleClass } from '../../nn/module.ts'
import type { Logger } from '../logger.ts'
import type { ExecutionMode } from './execution-mode.ts'
import type { KVCacheQuantConfig } from './kv-cache-quant-config.ts'
import type { ModuleQuantizerConfig } from './module-quantizer-config.ts'
import type { ModulePresetOptions } from './preset-options.ts'

/** Configs of modules by a key; null is one that quantizes nothing. */
export type ModuleConfigMap<K> =
  | ReadonlyMap<K, ModuleQuantizerConfig | null>
  | { readonly [key: string]: ModuleQuantizerConfig | null }

/** What is quantized in a model, and how. What is left out gets the default. */
export interface QuantizerConfigOptions<E extends ExecutionMode = ExecutionMode> {
  /** Settings of every module that nothing else names; null quantizes none of them. Default: int8 weights and activations. */
  readonly globalConfig?: ModuleQuantizerConfig | null
  /** Settings by type of module: a class, its name here (`Conv2d`), or its full name in PyTorch. They win over the global ones. */
  readonly moduleTypeConfigs?: ModuleConfigMap<string | ModuleClass> | null
  /** Settings by name of module, a regular expression that has to match whole. They win over those by type; the last match wins. */
  readonly moduleNameConfigs?: ModuleConfigMap<string> | null
  /** Names of attributes that a captured model keeps. */
  readonly preservedAttributes?: readonly string[] | null
  /** Default: graph. */
  readonly executionMode?: E
  /** Caches that operations update, by name of operation; graph mode only. */
  readonly kvCacheQuantConfigs?:
    | ReadonlyMap<string, KVCacheQuantConfig>
    | { readonly [key: string]: KVCacheQuantConfig }
    | null
}

/** Options of a preset for a whole model. */
export interface PresetOptions<E extends ExecutionMode = ExecutionMode> extends ModulePresetOptions {
  /** Default: graph. */
  readonly executionMode?: E
}

/** How a config is read from a file's content. */
export interface ReadOptions {
  /** Where warnings go, such as those of old names. */
  readonly logger?: Logger
}
