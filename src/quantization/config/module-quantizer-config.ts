import { checkNames } from '../config-error.ts'
import { readRecord } from '../schema/maps.ts'
import { entryPath } from '../schema/schema.ts'
import { PerBlock, PerChannel } from '../spec/granularity.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import {
  type DictOptions,
  namedToDict,
  type OpConfigMap,
  type OpConfigs,
  readOpNames,
  readOpTypes,
} from './named-configs.ts'
import {
  OP_SPEC_KEYS,
  type OpQuantizerConfigOptions,
  opSpecsIn,
  opSpecsToDict,
  readOpSpecs,
} from './op-quantizer-config.ts'
import { type BlockOptions, knownOptions, type ModulePresetOptions } from './preset-options.ts'
import { QATSchedule } from './qat-schedule.ts'
import {
  type SpecMap,
  type StateSpecs,
  specsToDict,
  stateSpecs,
  type TensorSpecs,
  tensorSpecs,
} from './tensor-specs.ts'

/** Settings of one module. What is left out gets the default; null disables. */
export interface ModuleQuantizerConfigOptions extends OpQuantizerConfigOptions {
  /** Configs by type of operation (`conv2d`), which win over the module's own op specs; null in it disables the type. */
  readonly opTypeConfig?: OpConfigMap | null
  /** Configs by name of operation, a regular expression that has to match whole; they win over those by type. */
  readonly opNameConfig?: OpConfigMap | null
  /** Specs of what enters the module; they win over specs of operations. Not for descendants. */
  readonly moduleInputSpec?: SpecMap | null
  /** Specs of what leaves the module. */
  readonly moduleOutputSpec?: SpecMap | null
  /** Specs of the module's own states. */
  readonly moduleStateSpec?: SpecMap | null
  /** When observers and fake quantizers are on in training. Default: always. */
  readonly qatSchedule?: QATSchedule | null
}

const KEYS = {
  ...OP_SPEC_KEYS,
  opTypeConfig: 'op_type_config',
  opNameConfig: 'op_name_config',
  moduleInputSpec: 'module_input_spec',
  moduleOutputSpec: 'module_output_spec',
  moduleStateSpec: 'module_state_spec',
  qatSchedule: 'qat_schedule',
} as const

/** Settings of a module and, but for its `module*Spec`, of all below it. Immutable; `with` makes changed copies. */
export class ModuleQuantizerConfig {
  readonly opInputSpec: TensorSpecs
  readonly opOutputSpec: TensorSpecs
  readonly opStateSpec: StateSpecs
  readonly opTypeConfig: OpConfigs
  readonly opNameConfig: OpConfigs
  readonly moduleInputSpec: TensorSpecs
  readonly moduleOutputSpec: TensorSpecs
  readonly moduleStateSpec: StateSpecs
  readonly qatSchedule: QATSchedule | null

  /** @throws ConfigError for a key or spec that is impossible */
  constructor(options: ModuleQuantizerConfigOptions = {}, path: string = '') {
    checkNames(options, Object.keys(KEYS), path)
    const at = (name: string) => entryPath(path, name)
    const { opInputSpec, opOutputSpec, opStateSpec } = readOpSpecs(options, at)
    this.opInputSpec = opInputSpec
    this.opOutputSpec = opOutputSpec
    this.opStateSpec = opStateSpec
    this.opTypeConfig = readOpTypes(options.opTypeConfig ?? null, at('opTypeConfig'))
    this.opNameConfig = readOpNames(options.opNameConfig ?? null, at('opNameConfig'))
    this.moduleInputSpec = tensorSpecs.read(options.moduleInputSpec ?? {}, at('moduleInputSpec'))
    this.moduleOutputSpec = tensorSpecs.read(options.moduleOutputSpec ?? {}, at('moduleOutputSpec'))
    this.moduleStateSpec = stateSpecs.read(options.moduleStateSpec ?? {}, at('moduleStateSpec'))
    this.qatSchedule =
      options.qatSchedule === null || options.qatSchedule === undefined
        ? null
        : QATSchedule.fromDict(options.qatSchedule, at('qatSchedule'))
    Object.freeze(this)
  }

  /** A config that quantizes nothing. */
  static disabled(): ModuleQuantizerConfig {
    return new ModuleQuantizerConfig({ opInputSpec: null, opOutputSpec: null, opStateSpec: null })
  }

  /** Weights only, int8, symmetric, per channel. @throws TypeError for an option that is not there */
  static w8(options: ModulePresetOptions = {}): ModuleQuantizerConfig {
    const { axis = null } = knownOptions('w8', options, ['axis'])
    return weightOnly(new QuantizationSpec({ dtype: 'int8', granularity: new PerChannel(axis) }))
  }

  /** Weights only, int4, symmetric, per channel. @throws TypeError for an option that is not there */
  static w4(options: ModulePresetOptions = {}): ModuleQuantizerConfig {
    const { axis = null } = knownOptions('w4', options, ['axis'])
    return weightOnly(new QuantizationSpec({ dtype: 'int4', granularity: new PerChannel(axis) }))
  }

  /** Weights only, int4, symmetric, in blocks. @throws TypeError for an option that is not there; ConfigError for a bad size */
  static w4PerBlock(options: ModulePresetOptions & BlockOptions = {}): ModuleQuantizerConfig {
    const { blockSize = 32, axis = null } = knownOptions('w4PerBlock', options, ['axis', 'blockSize'])
    return weightOnly(new QuantizationSpec({ dtype: 'int4', granularity: new PerBlock(blockSize, axis) }))
  }

  /** A copy with other settings. @throws ConfigError as the constructor does */
  with(changes: ModuleQuantizerConfigOptions): ModuleQuantizerConfig {
    return new ModuleQuantizerConfig({ ...this, ...changes })
  }

  /** Whether no operation, input, output or state is quantized by it. */
  get isDisabled(): boolean {
    const ops = [this, ...this.opTypeConfig.values(), ...this.opNameConfig.values()]
    const specs = [
      ...ops.flatMap(({ opInputSpec, opOutputSpec, opStateSpec }) => [
        opInputSpec,
        opOutputSpec,
        opStateSpec,
      ]),
      this.moduleInputSpec,
      this.moduleOutputSpec,
      this.moduleStateSpec,
    ]
    return specs.every((map) => [...map.values()].every((spec) => spec === null))
  }

  /** The config as a file has it. */
  toDict(options: DictOptions = {}): Record<string, unknown> {
    const { computed = false } = options
    return {
      ...opSpecsToDict(this, computed),
      op_type_config: namedToDict(this.opTypeConfig, options),
      op_name_config: namedToDict(this.opNameConfig, options),
      module_input_spec: specsToDict(this.moduleInputSpec, computed),
      module_output_spec: specsToDict(this.moduleOutputSpec, computed),
      module_state_spec: specsToDict(this.moduleStateSpec, computed),
      qat_schedule: this.qatSchedule?.toDict() ?? null,
    }
  }

  /** Reads a config as a file has it; null disables. @throws ConfigError */
  static fromDict(dict: unknown, path: string = ''): ModuleQuantizerConfig {
    if (dict instanceof ModuleQuantizerConfig) return dict
    if (dict === null) return ModuleQuantizerConfig.disabled()
    const entries = readRecord(dict, path, Object.values(KEYS))
    const at = (key: string) => entryPath(path, key)
    const schedule = entries.get(KEYS.qatSchedule) ?? null
    return new ModuleQuantizerConfig({
      ...opSpecsIn(entries, path),
      opTypeConfig: readOpTypes(entries.get(KEYS.opTypeConfig) ?? null, at(KEYS.opTypeConfig)),
      opNameConfig: readOpNames(entries.get(KEYS.opNameConfig) ?? null, at(KEYS.opNameConfig)),
      moduleInputSpec: tensorSpecs.read(entries.get(KEYS.moduleInputSpec) ?? {}, at(KEYS.moduleInputSpec)),
      moduleOutputSpec: tensorSpecs.read(entries.get(KEYS.moduleOutputSpec) ?? {}, at(KEYS.moduleOutputSpec)),
      moduleStateSpec: stateSpecs.read(entries.get(KEYS.moduleStateSpec) ?? {}, at(KEYS.moduleStateSpec)),
      qatSchedule: schedule === null ? null : QATSchedule.fromDict(schedule, at(KEYS.qatSchedule)),
    })
  }
}

function weightOnly(spec: QuantizationSpec): ModuleQuantizerConfig {
  return new ModuleQuantizerConfig({ opInputSpec: null, opOutputSpec: null, opStateSpec: { weight: spec } })
}
