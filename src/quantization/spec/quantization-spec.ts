import type { DType } from '../../tensor/dtype.ts'
import { checkNames, unexpected } from '../config-error.ts'
import { fakeQuantizers } from '../fake-quantize/fake-quantizers.ts'
import { qparamsCalculators } from '../qparams/qparams-calculators.ts'
import { rangeCalculators } from '../qparams/range-calculators.ts'
import type { Registry } from '../registry.ts'
import { readRecord } from '../schema/maps.ts'
import { flag, numberBetween } from '../schema/scalars.ts'
import { entryPath, type JsonSchema, type Schema } from '../schema/schema.ts'
import {
  bitsOf,
  isQuantizedFloat,
  type QuantizedDTypeName,
  quantizedDType,
  quantRangeOf,
  scaleDType,
  storageDTypeOf,
} from './dtypes.ts'
import { floatRange } from './float-range.ts'
import { type Granularity, PerChannel, PerTensor } from './granularity.ts'
import { granularity as granularitySchema } from './granularity-schema.ts'
import { quantizationFormulation, quantizationScheme } from './scheme.ts'
import type { DerivedSpecFields, SpecFields } from './spec-fields.ts'

/** Fields of a spec as a caller may give them: all optional, dtypes also under PyTorch's older names. */
export type SpecOptions = Partial<Omit<SpecFields, 'dtype'>> & { readonly dtype?: QuantizedDTypeName }

interface Field<T> {
  /** Name in config files. */
  readonly key: string
  readonly schema: Schema<T>
  readonly initial: T
}

const FIELDS: { readonly [K in keyof SpecFields]: Field<SpecFields[K]> } = {
  dtype: { key: 'dtype', schema: quantizedDType, initial: 'int8' },
  qscheme: { key: 'qscheme', schema: quantizationScheme, initial: 'symmetric' },
  qformulation: { key: 'qformulation', schema: quantizationFormulation, initial: 'zp' },
  granularity: { key: 'granularity', schema: granularitySchema, initial: new PerTensor() },
  fakeQuantize: { key: 'fake_quantize_cls', schema: keyOf(fakeQuantizers), initial: 'default' },
  qparamCalculator: {
    key: 'qparam_calculator_cls',
    schema: keyOf(qparamsCalculators, 'default'),
    initial: 'default',
  },
  rangeCalculator: { key: 'range_calculator_cls', schema: keyOf(rangeCalculators), initial: 'minmax' },
  floatRange: { key: 'float_range', schema: floatRange, initial: Object.freeze([null, null] as const) },
  scaleDtype: { key: 'scale_dtype', schema: scaleDType, initial: null },
  averagingConstant: {
    key: 'averaging_constant',
    schema: numberBetween(0, 1, 'Weight of the newest range in a moving average'),
    initial: 0.01,
  },
  percentile: {
    key: 'percentile',
    schema: numberBetween(0, 100, 'Percentage of the values that a percentile range keeps'),
    initial: 99.99,
  },
  reduceRange: {
    key: 'reduce_range',
    schema: flag('Whether integers of 8 bits use half of what they hold: [-64, 63] or [0, 127]'),
    initial: false,
  },
}

const NAMES = Object.keys(FIELDS) as (keyof SpecFields)[]
const KEYS = NAMES.map((name) => FIELDS[name].key)
/** Calculators that make something else of the ranges of several tensors than the newest one. */
const FORGETTING = ['dynamic', 'moving_average', 'global_minmax']
/** Keys of a dump that follow from the others; they are read over. */
const COMPUTED = ['n_bits', 'target_dtype', '_quant_range', 'quant_min', 'quant_max']

/**
 * How one tensor is quantized: element type, scheme, granularity, and how its range is found. Immutable; `with` makes changed copies.
 *
 * @example
 * new QuantizationSpec({ dtype: 'uint8', qscheme: 'asymmetric' }).quantMax // => 255
 */
export class QuantizationSpec implements SpecFields, DerivedSpecFields {
  readonly dtype: SpecFields['dtype']
  readonly qscheme: SpecFields['qscheme']
  readonly qformulation: SpecFields['qformulation']
  readonly granularity: Granularity
  readonly fakeQuantize: string
  readonly qparamCalculator: string
  readonly rangeCalculator: string
  readonly floatRange: SpecFields['floatRange']
  readonly scaleDtype: SpecFields['scaleDtype']
  readonly averagingConstant: number
  readonly percentile: number
  readonly reduceRange: boolean

  /**
   * @param path dotted path of the spec in its config, for messages
   * @throws ConfigError for a field that is impossible, or fields that contradict each other
   */
  constructor(options: SpecOptions = {}, path: string = '') {
    checkNames(options, NAMES, path)
    const read = <K extends keyof SpecFields>(name: K): SpecFields[K] => {
      const { schema, initial } = FIELDS[name]
      const given = options[name]
      return given === undefined ? initial : schema.read(given, entryPath(path, name))
    }
    this.dtype = read('dtype')
    this.qscheme = read('qscheme')
    this.qformulation = read('qformulation')
    this.granularity = read('granularity')
    this.fakeQuantize = read('fakeQuantize')
    this.qparamCalculator = read('qparamCalculator')
    this.rangeCalculator = read('rangeCalculator')
    this.floatRange = read('floatRange')
    const scale = read('scaleDtype')
    this.scaleDtype = scale === null && this.dtype === 'float4_e2m1fn_x2' ? 'float8_e8m0fnu' : scale
    this.averagingConstant = read('averagingConstant')
    this.percentile = read('percentile')
    this.reduceRange = read('reduceRange')
    checkCombination(this, path)
    Object.freeze(this)
  }

  /** Smallest quantized value. */
  get quantMin(): number {
    return quantRangeOf(this.dtype, this.qscheme, this.reduceRange)[0]
  }

  /** Largest quantized value. */
  get quantMax(): number {
    return quantRangeOf(this.dtype, this.qscheme, this.reduceRange)[1]
  }

  /** Bits of one quantized value. */
  get nBits(): number {
    return bitsOf(this.dtype)
  }

  /** Dtype in which single quantized values are stored: int8 or uint8 for integers, fp8 for floats. */
  get targetDtype(): DType {
    return storageDTypeOf(this.dtype)
  }

  /** A copy with other fields. @throws ConfigError as the constructor does */
  with(changes: SpecOptions): QuantizationSpec {
    return new QuantizationSpec({ ...this, ...changes })
  }

  /** The spec as a config file has it. @param computed whether what follows from the fields is added, as the Python library does */
  toDict({ computed = false }: { readonly computed?: boolean } = {}): Record<string, unknown> {
    return {
      dtype: this.dtype,
      qscheme: this.qscheme,
      qformulation: this.qformulation,
      granularity: this.granularity.toDict(),
      fake_quantize_cls: this.fakeQuantize,
      qparam_calculator_cls: this.qparamCalculator,
      range_calculator_cls: this.rangeCalculator,
      float_range: [...this.floatRange],
      scale_dtype: this.scaleDtype,
      ...changedOf(this, 'averagingConstant'),
      ...changedOf(this, 'percentile'),
      ...changedOf(this, 'reduceRange'),
      ...(computed ? computedKeys(this) : {}),
    }
  }

  /**
   * Reads a spec as a config file has it. Keys that follow from others are read over.
   * @throws ConfigError for an unknown key or an impossible value
   */
  static fromDict(dict: unknown, path: string = ''): QuantizationSpec {
    if (dict instanceof QuantizationSpec) return dict
    const entries = readRecord(dict, path, KEYS, COMPUTED)
    const options = NAMES.flatMap((name) => {
      const { key, schema } = FIELDS[name]
      return entries.has(key) ? [[name, schema.read(entries.get(key), entryPath(path, key))]] : []
    })
    return new QuantizationSpec(Object.fromEntries(options), path)
  }
}

/** A spec in a config. */
export const quantizationSpec: Schema<QuantizationSpec> = {
  get json() {
    return specJson()
  },
  read: (value, path) => QuantizationSpec.fromDict(value, path),
}

/** The spec that activations get where a config says nothing: int8, symmetric, per tensor, moving average. */
export const DEFAULT_ACTIVATION_SPEC: QuantizationSpec = new QuantizationSpec({
  qparamCalculator: 'moving_average',
})

/** The spec that weights get where a config says nothing: int8, symmetric, per channel of axis 0, static. */
export const DEFAULT_WEIGHT_SPEC: QuantizationSpec = new QuantizationSpec({
  granularity: new PerChannel(0),
  qparamCalculator: 'static',
})

/** Rules that several fields of a spec have to keep together. */
function checkCombination(spec: SpecFields, path: string): void {
  const { dtype, qscheme, qformulation, scaleDtype: scale } = spec
  if (isQuantizedFloat(dtype)) {
    if (qscheme !== 'symmetric')
      throw unexpected(path || 'qscheme', `the symmetric scheme for ${dtype}`, qscheme)
    if (qformulation !== 'zp')
      throw unexpected(path || 'qformulation', `the zp formulation for ${dtype}`, qformulation)
  } else if (scale !== null) {
    throw unexpected(path || 'scaleDtype', `float32 scales (null) for ${dtype}`, scale)
  }
  if (spec.reduceRange && dtype !== 'int8' && dtype !== 'uint8')
    throw unexpected(path || 'reduceRange', 'int8 or uint8 for a reduced range', dtype)
  if (spec.qparamCalculator === 'dynamic' && qscheme === 'symmetric_with_clipping') {
    throw unexpected(path || 'qscheme', 'a scheme without clipping for the dynamic calculator', qscheme)
  }
  if (rangeCalculators.get(spec.rangeCalculator).accumulates && FORGETTING.includes(spec.qparamCalculator)) {
    throw unexpected(
      path || 'qparamCalculator',
      `the static calculator for the ${spec.rangeCalculator} range`,
      spec.qparamCalculator,
      'such a range takes in all tensors itself: leave the calculator out',
    )
  }
}

/** A field that the Python library does not have, under its key; nothing where it has its default. */
function changedOf(
  spec: SpecFields,
  name: 'averagingConstant' | 'percentile' | 'reduceRange',
): Record<string, unknown> {
  const { key, initial } = FIELDS[name]
  return spec[name] === initial ? {} : { [key]: spec[name] }
}

function computedKeys(spec: DerivedSpecFields): Record<string, unknown> {
  const { nBits, targetDtype, quantMin, quantMax } = spec
  return {
    n_bits: nBits,
    target_dtype: targetDtype,
    _quant_range: [quantMin, quantMax],
    quant_min: quantMin,
    quant_max: quantMax,
  }
}

function keyOf(registry: Registry<unknown>, ...reserved: readonly string[]): Schema<string> {
  return {
    get json() {
      return {
        type: 'string',
        examples: [...reserved, ...registry.keys],
        description: `Key of a registered ${registry.kind}`,
      }
    },
    read(value, path) {
      if (typeof value === 'string' && reserved.includes(value)) return value
      if (typeof value !== 'string') throw unexpected(path, `the key of a registered ${registry.kind}`, value)
      registry.get(value, path)
      return value
    },
  }
}

function specJson(): JsonSchema {
  const properties = NAMES.map((name) => [FIELDS[name].key, FIELDS[name].schema.json])
  const computed = COMPUTED.map((key) => [key, { description: 'Follows from the other keys; read over' }])
  return {
    type: 'object',
    properties: Object.fromEntries([...properties, ...computed]),
    additionalProperties: false,
    allOf: COMBINATIONS,
  }
}

const has = (key: string, rule: JsonSchema): JsonSchema => ({ properties: { [key]: rule }, required: [key] })

/** The rules of `checkCombination` for editors. */
const COMBINATIONS: readonly JsonSchema[] = [
  {
    if: has('dtype', { type: 'string', pattern: '^float' }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { qscheme: { const: 'symmetric' }, qformulation: { const: 'zp' } } },
    else: { properties: { scale_dtype: { const: null } } },
  },
  {
    if: has('reduce_range', { const: true }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { dtype: { enum: ['int8', 'uint8'] } } },
  },
  {
    if: has('qparam_calculator_cls', { const: 'dynamic' }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { qscheme: { not: { const: 'symmetric_with_clipping' } } } },
  },
  {
    if: has('qparam_calculator_cls', { enum: FORGETTING }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { range_calculator_cls: { not: { enum: accumulating() } } } },
  },
]

/** Keys of the ranges that take in all tensors themselves. */
function accumulating(): readonly string[] {
  return rangeCalculators.keys.filter((key) => rangeCalculators.get(key).accumulates)
}
