import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import type { OpQuantizerConfig } from '../config/op-quantizer-config.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import { unexpected } from '../config-error.ts'
import type { Logger } from '../logger.ts'
import { entryPath } from '../schema/schema.ts'

type Specs = Pick<OpQuantizerConfig, 'opInputSpec' | 'opOutputSpec'>

/**
 * Refuses what eager mode does not know: names as keys of inputs and outputs, and caches. Warns where it does nothing with a setting.
 * @throws ConfigError with the path of the entry
 */
export function checkEagerConfig(config: QuantizerConfig, logger: Logger): void {
  checkModule(config.globalConfig, 'global_config')
  for (const [type, settings] of config.moduleTypeConfigs)
    checkModule(settings, `module_type_configs.${type}`)
  for (const [name, settings] of config.moduleNameConfigs)
    checkModule(settings, `module_name_configs.${name}`)
  if (config.kvCacheQuantConfigs !== null && config.kvCacheQuantConfigs.size > 0)
    throw unexpected('kv_cache_quant_configs', 'none in eager mode', [...config.kvCacheQuantConfigs.keys()])
  if (config.preservedAttributes !== null && config.preservedAttributes.length > 0)
    logger.warn('preserved_attributes has no effect in eager mode: the model itself is quantized')
}

function checkModule(config: ModuleQuantizerConfig, path: string): void {
  checkOp(config, path)
  for (const [type, settings] of config.opTypeConfig)
    checkOp(settings, entryPath(path, `op_type_config.${type}`))
  for (const [name, settings] of config.opNameConfig)
    checkOp(settings, entryPath(path, `op_name_config.${name}`))
}

function checkOp({ opInputSpec, opOutputSpec }: Specs, path: string): void {
  for (const [key, specs] of Object.entries({ op_input_spec: opInputSpec, op_output_spec: opOutputSpec })) {
    for (const name of specs.keys()) {
      if (typeof name === 'string' && name !== '*')
        throw unexpected(entryPath(path, key), 'positions or "*" as keys', name)
    }
  }
}
