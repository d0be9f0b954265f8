import { unexpected } from '../config-error.ts'
import { readRecord } from '../schema/maps.ts'
import { entryPath, type JsonSchema } from '../schema/schema.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import { OpQuantizerConfig } from './op-quantizer-config.ts'
import type { StateSpecs, TensorSpecs } from './tensor-specs.ts'

/** How the cache that an operation updates is quantized: through the one input that carries what is written. Immutable. */
export class KVCacheQuantConfig {
  readonly opQuantizerConfig: OpQuantizerConfig

  /** @throws ConfigError when the op config names anything but one input by position */
  constructor(
    options: { readonly opQuantizerConfig: OpQuantizerConfig },
    path: string = 'op_quantizer_config',
  ) {
    this.opQuantizerConfig = options.opQuantizerConfig
    check(options.opQuantizerConfig, path)
    Object.freeze(this)
  }

  /** Position and spec of the input that is quantized. */
  get input(): readonly [index: number, spec: QuantizationSpec] {
    for (const [key, spec] of this.opQuantizerConfig.opInputSpec)
      if (typeof key === 'number' && spec !== null) return [key, spec]
    throw unexpected('op_input_spec', 'one input by position', 'none')
  }

  /** The config as a file has it. @param computed whether specs also say what follows from their fields */
  toDict({ computed = false }: { readonly computed?: boolean } = {}): Record<string, unknown> {
    return { op_quantizer_config: this.opQuantizerConfig.toDict({ computed }) }
  }

  /** Reads a config as a file has it. @throws ConfigError */
  static fromDict(dict: unknown, path: string = ''): KVCacheQuantConfig {
    if (dict instanceof KVCacheQuantConfig) return dict
    const entries = readRecord(dict, path, ['op_quantizer_config'])
    const at = entryPath(path, 'op_quantizer_config')
    if (!entries.has('op_quantizer_config')) throw unexpected(at, 'a map', undefined)
    return new KVCacheQuantConfig(
      { opQuantizerConfig: OpQuantizerConfig.fromDict(entries.get('op_quantizer_config'), at) },
      at,
    )
  }
}

/** Specs that quantize nothing, for editors. */
const INACTIVE: JsonSchema = {
  anyOf: [{ type: 'null' }, { type: 'object', additionalProperties: { type: 'null' } }],
}

/** The rules of `check`, for editors: without a line of their own, outputs and states would get the default. */
export const cacheConfigJson: JsonSchema = {
  type: 'object',
  properties: {
    op_quantizer_config: {
      type: 'object',
      properties: {
        op_input_spec: {
          type: 'object',
          propertyNames: { pattern: '^[0-9]+$' },
          additionalProperties: { $ref: '#/$defs/spec' },
          minProperties: 1,
          maxProperties: 1,
          description: 'The position of one input, and its spec',
        },
        op_output_spec: INACTIVE,
        op_state_spec: INACTIVE,
      },
      required: ['op_input_spec', 'op_output_spec', 'op_state_spec'],
      additionalProperties: false,
    },
  },
  required: ['op_quantizer_config'],
  additionalProperties: false,
}

function check({ opInputSpec, opOutputSpec, opStateSpec }: OpQuantizerConfig, path: string): void {
  const [only, ...others] = opInputSpec
  const isPosition = only !== undefined && others.length === 0 && typeof only[0] === 'number' && only[0] >= 0
  if (!isPosition || only[1] === null) {
    const got = [...opInputSpec].map(([key, spec]) => `${key}${spec === null ? ' (null)' : ''}`)
    throw unexpected(entryPath(path, 'op_input_spec'), 'exactly one position of an input, with a spec', got)
  }
  if (isActive(opOutputSpec)) throw inactive(path, 'op_output_spec')
  if (isActive(opStateSpec)) throw inactive(path, 'op_state_spec')
}

function isActive(specs: TensorSpecs | StateSpecs): boolean {
  return [...specs.values()].some((spec) => spec !== null)
}

function inactive(path: string, key: string): RangeError {
  return unexpected(
    entryPath(path, key),
    'null or an empty map',
    'one with specs',
    `left out, it gets the default; write ${key}: null`,
  )
}
