import { checkNames } from '../config-error.ts'
import { readRecord } from '../schema/maps.ts'
import { entryPath, type JsonSchema, type Schema } from '../schema/schema.ts'
import { DEFAULT_ACTIVATION_SPEC, DEFAULT_WEIGHT_SPEC } from '../spec/quantization-spec.ts'
import {
  type SpecMap,
  type StateSpecs,
  specsToDict,
  stateSpecs,
  type TensorSpecs,
  tensorSpecs,
} from './tensor-specs.ts'

/** Specs of one operation. What is left out gets the default; null disables. */
export interface OpQuantizerConfigOptions {
  /** Default: int8, symmetric, per tensor, moving average for every input. */
  readonly opInputSpec?: SpecMap | null
  /** Default: int8, symmetric, per tensor, moving average for every output. */
  readonly opOutputSpec?: SpecMap | null
  /** Default: int8, symmetric, per channel of axis 0, static for `weight`. */
  readonly opStateSpec?: SpecMap | null
}

const DEFAULTS = {
  opInputSpec: { '*': DEFAULT_ACTIVATION_SPEC },
  opOutputSpec: { '*': DEFAULT_ACTIVATION_SPEC },
  opStateSpec: { weight: DEFAULT_WEIGHT_SPEC },
} as const

const DISABLED = { '*': null } as const

/** Names of the specs of an operation in code and in config files. */
export const OP_SPEC_KEYS = {
  opInputSpec: 'op_input_spec',
  opOutputSpec: 'op_output_spec',
  opStateSpec: 'op_state_spec',
} as const

/** Specs of the inputs, outputs and states of one operation. Immutable. */
export class OpQuantizerConfig {
  readonly opInputSpec: TensorSpecs
  readonly opOutputSpec: TensorSpecs
  readonly opStateSpec: StateSpecs

  /** @throws ConfigError for a key or spec that is impossible */
  constructor(options: OpQuantizerConfigOptions = {}, path: string = '') {
    checkNames(options, Object.keys(OP_SPEC_KEYS), path)
    const { opInputSpec, opOutputSpec, opStateSpec } = readOpSpecs(options, (name) => entryPath(path, name))
    this.opInputSpec = opInputSpec
    this.opOutputSpec = opOutputSpec
    this.opStateSpec = opStateSpec
    Object.freeze(this)
  }

  /** A config that quantizes nothing. */
  static disabled(): OpQuantizerConfig {
    return new OpQuantizerConfig({ opInputSpec: null, opOutputSpec: null, opStateSpec: null })
  }

  /** The config as a file has it. @param computed whether specs also say what follows from their fields */
  toDict({ computed = false }: { readonly computed?: boolean } = {}): Record<string, unknown> {
    return opSpecsToDict(this, computed)
  }

  /** Reads a config as a file has it; null disables. @throws ConfigError */
  static fromDict(dict: unknown, path: string = ''): OpQuantizerConfig {
    if (dict instanceof OpQuantizerConfig) return dict
    if (dict === null) return OpQuantizerConfig.disabled()
    const entries = readRecord(dict, path, Object.values(OP_SPEC_KEYS))
    return new OpQuantizerConfig(opSpecsIn(entries, path))
  }
}

/** The three specs of an operation, read from what a caller gave, with defaults. */
export function readOpSpecs(
  options: { readonly [K in keyof OpQuantizerConfigOptions]: unknown },
  pathOf: (name: string) => string,
): {
  readonly opInputSpec: TensorSpecs
  readonly opOutputSpec: TensorSpecs
  readonly opStateSpec: StateSpecs
} {
  const given = (name: keyof typeof DEFAULTS) =>
    options[name] === null ? DISABLED : (options[name] ?? DEFAULTS[name])
  return {
    opInputSpec: tensorSpecs.read(given('opInputSpec'), pathOf('opInputSpec')),
    opOutputSpec: tensorSpecs.read(given('opOutputSpec'), pathOf('opOutputSpec')),
    opStateSpec: stateSpecs.read(given('opStateSpec'), pathOf('opStateSpec')),
  }
}

/** The specs of an operation among the entries of a config file, those that are there, read. */
export function opSpecsIn(entries: ReadonlyMap<string, unknown>, path: string): OpQuantizerConfigOptions {
  const read = (key: string, schema: Schema<TensorSpecs | StateSpecs>) => {
    const entry = entries.get(key)
    return entry === null ? null : schema.read(entry, entryPath(path, key))
  }
  return {
    ...(entries.has('op_input_spec') ? { opInputSpec: read('op_input_spec', tensorSpecs) } : {}),
    ...(entries.has('op_output_spec') ? { opOutputSpec: read('op_output_spec', tensorSpecs) } : {}),
    ...(entries.has('op_state_spec') ? { opStateSpec: read('op_state_spec', stateSpecs) } : {}),
  }
}

/** The specs of an operation as a config file has them. */
export function opSpecsToDict(config: OpQuantizerConfig, computed: boolean): Record<string, unknown> {
  return {
    op_input_spec: specsToDict(config.opInputSpec, computed),
    op_output_spec: specsToDict(config.opOutputSpec, computed),
    op_state_spec: specsToDict(config.opStateSpec, computed),
  }
}

/** Rules for the specs of an operation, for editors. */
export const opSpecProperties: Readonly<Record<string, JsonSchema>> = {
  op_input_spec: { anyOf: [tensorSpecs.json, { type: 'null' }] },
  op_output_spec: { anyOf: [tensorSpecs.json, { type: 'null' }] },
  op_state_spec: { anyOf: [stateSpecs.json, { type: 'null' }] },
}
