import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import type { OpQuantizerConfig } from '../config/op-quantizer-config.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import type { TensorSpecs } from '../config/tensor-specs.ts'
import { unexpected } from '../config-error.ts'
import { entryPath } from '../schema/schema.ts'

/**
 * Refuses keys that a graph does not know: its inputs have positions and no names, and its operations have one output.
 * @throws ConfigError with the path of the key
 */
export function checkGraphConfig(config: QuantizerConfig): void {
  checkModule(config.globalConfig, 'global_config')
  for (const [type, settings] of config.moduleTypeConfigs)
    checkModule(settings, `module_type_configs.${type}`)
  for (const [name, settings] of config.moduleNameConfigs)
    checkModule(settings, `module_name_configs.${name}`)
}

function checkModule(config: ModuleQuantizerConfig, path: string): void {
  checkOp(config, path)
  for (const [type, settings] of config.opTypeConfig)
    checkOp(settings, entryPath(path, `op_type_config.${type}`))
  for (const [name, settings] of config.opNameConfig)
    checkOp(settings, entryPath(path, `op_name_config.${name}`))
  checkPositions(config.moduleInputSpec, entryPath(path, 'module_input_spec'))
  checkPositions(config.moduleOutputSpec, entryPath(path, 'module_output_spec'))
}

function checkOp(
  { opInputSpec, opOutputSpec }: Pick<OpQuantizerConfig, 'opInputSpec' | 'opOutputSpec'>,
  path: string,
): void {
  checkPositions(opInputSpec, entryPath(path, 'op_input_spec'))
  for (const key of opOutputSpec.keys()) {
    if (key !== 0 && key !== '*')
      throw unexpected(entryPath(path, 'op_output_spec'), 'the key 0 or "*" in graph mode', key)
  }
}

function checkPositions(specs: TensorSpecs, path: string): void {
  for (const key of specs.keys()) {
    if (typeof key === 'string' && key !== '*') {
      throw unexpected(
        path,
        'positions or "*" as keys in graph mode',
        key,
        'names of arguments are for eager mode',
      )
    }
  }
}
