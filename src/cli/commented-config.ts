import type { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import type { QuantizationSpec } from '../quantization/spec/quantization-spec.ts'
import { presetConfig } from './preset-configs.ts'
import { findPreset, PRESETS } from './preset-names.ts'

const HEAD = `# How lowbit quantizes a model. Keys and values are those of the Python library, which reads this file too.
#   lowbit config check FILE             tells the line of what is wrong
#   lowbit config explain MODEL -c FILE  tells which entry wins for each layer
# A name beats a type, and a type beats the global config; the last of several names that match wins.
`

const TAIL = `  # Layers by type or by name (a regular expression for the whole name); null leaves them float:
  # module_type_configs:
  #   torch.nn.modules.sparse.Embedding: null
  # module_name_configs:
  #   head: null
  #   'encoder\\.layer\\.[0-3]\\..*':
  #     op_state_spec:
  #       weight: {dtype: int8, qscheme: symmetric, granularity: {type: per_channel, axis: null}}
  # Activations with outliers: add range_calculator_cls: percentile (or histogram_mse, entropy) and
  # qparam_calculator_cls: default to their specs.
`

/** A config file with one preset in use, and the others as comments that can take its place. */
export function commentedConfig(preset: string): string {
  const { name } = findPreset(preset)
  const others = PRESETS.filter((other) => other.name !== name)
  return [
    HEAD,
    `# ${name}: ${findPreset(name).about}`,
    'quantization_config:',
    globalConfig(name),
    TAIL.trimEnd(),
    '',
    '# The other presets: put one of these in the place of global_config above.',
    ...others.flatMap((other) => [
      '',
      `# ${other.name}: ${other.about}`,
      ...globalConfig(other.name)
        .split('\n')
        .map((line) => `#${line}`),
    ]),
    '',
  ].join('\n')
}

/** `global_config` of a preset with what is not a default, indented by two. */
function globalConfig(name: string): string {
  const { globalConfig: config }: QuantizerConfig = presetConfig(name)
  const maps = [
    ['op_input_spec', config.opInputSpec],
    ['op_output_spec', config.opOutputSpec],
    ['op_state_spec', config.opStateSpec],
  ] as const
  const lines = maps.flatMap(([key, specs]) => [
    specs.size === 0 ? `    ${key}: {}` : `    ${key}:`,
    ...Array.from<readonly [string | number, QuantizationSpec | null], string>(
      specs,
      ([of, spec]) => `      ${of === '*' ? "'*'" : of}: ${spec === null ? 'null' : compactSpec(spec)}`,
    ),
  ])
  const float = Array.from(config.opTypeConfig.keys(), (type) => `      ${type}: null`)
  const types = float.length === 0 ? [] : ['    op_type_config:', ...float]
  return ['  global_config:', ...lines, ...types].join('\n')
}

/** A spec on one line. */
function compactSpec(spec: QuantizationSpec): string {
  const { dtype, qscheme, granularity, qparamCalculator } = spec
  const parts = granularity.type === 'per_tensor' ? [] : [`axis: ${granularity.axis}`]
  if (granularity.type === 'per_block') parts.push(`block_size: ${granularity.blockSize}`)
  const shape = [`type: ${granularity.type}`, ...parts].join(', ')
  const calculator = qparamCalculator === 'default' ? '' : `, qparam_calculator_cls: ${qparamCalculator}`
  return `{dtype: ${dtype}, qscheme: ${qscheme}, granularity: {${shape}}${calculator}}`
}
