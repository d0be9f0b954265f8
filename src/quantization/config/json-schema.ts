import type { JsonSchema } from '../schema/schema.ts'
import { quantizationSpec } from '../spec/quantization-spec.ts'
import { ExecutionMode, executionModeJson } from './execution-mode.ts'
import { cacheConfigJson } from './kv-cache-quant-config.ts'
import { moduleTypeNames } from './module-types.ts'
import { opSpecProperties } from './op-quantizer-config.ts'
import { qatSchedule } from './qat-schedule.ts'
import { stateSpecs, tensorSpecs } from './tensor-specs.ts'

const nullable = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] })
const mapOf = (entry: JsonSchema, description: string): JsonSchema =>
  nullable({ type: 'object', additionalProperties: entry, description })
const closed = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
})

const OP_CONFIG = nullable({ $ref: '#/$defs/opConfig' })
/** Global settings speak of no single module. */
const WITHOUT_MODULE_SPECS: JsonSchema = {
  properties: Object.fromEntries(
    ['module_input_spec', 'module_output_spec', 'module_state_spec'].map((key) => [
      key,
      { maxProperties: 0 },
    ]),
  ),
}
const MODULE_CONFIG = nullable({ $ref: '#/$defs/moduleConfig' })

/**
 * A JSON Schema (draft 2020-12) of config files, by which editors complete and check them. It is made of the rules by which they are read, but for what such
 * a schema cannot say: the order of steps in a schedule, regular expressions, calculators that users register, the same position as a number and as a string.
 */
export function configJsonSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'lowbit quantization config',
    description: 'What is quantized in a model, and how',
    type: 'object',
    properties: {
      quantization_config: quantizerConfig(),
      quantization_spec: { description: 'A place for YAML anchors; its content is read over' },
    },
    required: ['quantization_config'],
    additionalProperties: false,
    $defs: {
      spec: quantizationSpec.json,
      opConfig: closed(opSpecProperties),
      moduleConfig: moduleConfig(),
      cacheConfig: cacheConfigJson,
    },
  }
}

function quantizerConfig(): JsonSchema {
  const config = closed({
    global_config: {
      ...nullable({ allOf: [{ $ref: '#/$defs/moduleConfig' }, WITHOUT_MODULE_SPECS] }),
      description: 'Settings of every module that nothing else names; null: not quantized',
    },
    module_type_configs: nullable({
      type: 'object',
      propertyNames: moduleTypeNames,
      additionalProperties: MODULE_CONFIG,
      description: 'Settings by type of module, such as Conv2d or torch.nn.modules.conv.Conv2d',
    }),
    module_name_configs: mapOf(
      MODULE_CONFIG,
      'Settings by name of module, a regular expression that has to match whole; the last match wins',
    ),
    preserved_attributes: nullable({
      type: 'array',
      items: { type: 'string' },
      description: 'Names of attributes that a captured model keeps',
    }),
    execution_mode: executionModeJson,
    kv_cache_quant_configs: mapOf(
      { $ref: '#/$defs/cacheConfig' },
      'Caches that operations update, by name of operation; graph mode only',
    ),
  })
  return {
    ...config,
    if: { properties: { execution_mode: { const: ExecutionMode.EAGER } }, required: ['execution_mode'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { kv_cache_quant_configs: { maxProperties: 0 } } },
  }
}

function moduleConfig(): JsonSchema {
  return closed({
    ...opSpecProperties,
    op_type_config: mapOf(OP_CONFIG, 'Configs by type of operation, such as conv2d'),
    op_name_config: mapOf(
      OP_CONFIG,
      'Configs by name of operation, a regular expression that has to match whole; they win over those by type',
    ),
    module_input_spec: nullable(tensorSpecs.json),
    module_output_spec: nullable(tensorSpecs.json),
    module_state_spec: nullable(stateSpecs.json),
    qat_schedule: nullable(qatSchedule.json),
  })
}
