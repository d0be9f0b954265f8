import { expect, test } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { PerBlock, PerChannel } from './granularity.ts'
import { DEFAULT_ACTIVATION_SPEC, DEFAULT_WEIGHT_SPEC, QuantizationSpec } from './quantization-spec.ts'

const failure = (dict: unknown) => {
  try {
    QuantizationSpec.fromDict(dict, 'weight')
  } catch (error) {
    if (error instanceof ConfigError) return { path: error.path, message: error.message }
    throw error
  }
  throw new TypeError('expected an error')
}

test('QuantizationSpec has the defaults of the contract', () => {
  expect(new QuantizationSpec().toDict({ computed: true })).toEqual({
    dtype: 'int8',
    qscheme: 'symmetric',
    qformulation: 'zp',
    granularity: { axis: null, type: 'per_tensor' },
    fake_quantize_cls: 'default',
    qparam_calculator_cls: 'default',
    range_calculator_cls: 'minmax',
    float_range: [null, null],
    scale_dtype: null,
    n_bits: 8,
    target_dtype: 'int8',
    _quant_range: [-128, 127],
    quant_min: -128,
    quant_max: 127,
  })
  expect(DEFAULT_ACTIVATION_SPEC.qparamCalculator).toBe('moving_average')
  expect(DEFAULT_WEIGHT_SPEC.toDict()).toMatchObject({
    granularity: { axis: 0, type: 'per_channel' },
    qparam_calculator_cls: 'static',
  })
})

test.each([
  ['int4', 'symmetric', -8, 7],
  ['int4', 'symmetric_with_clipping', -7, 7],
  ['uint4', 'symmetric_with_clipping', 0, 15],
  ['int2', 'asymmetric', -2, 1],
  ['float8_e5m2', 'symmetric', -57344, 57344],
] as const)('QuantizationSpec of %s, %s ranges from %d to %d', (dtype, qscheme, min, max) => {
  const spec = new QuantizationSpec({ dtype, qscheme })
  expect([spec.quantMin, spec.quantMax]).toEqual([min, max])
})

test('QuantizationSpec gives fp4 scales that are powers of two, and takes older names of dtypes', () => {
  const spec = new QuantizationSpec({ dtype: 'float4_e2m1fn' })
  expect([spec.dtype, spec.scaleDtype, spec.nBits, spec.targetDtype]).toEqual([
    'float4_e2m1fn_x2',
    'float8_e8m0fnu',
    4,
    'float8_e4m3fn',
  ])
})

test('QuantizationSpec.with() makes a changed copy and leaves the spec as it is', () => {
  const spec = new QuantizationSpec({ dtype: 'uint8' })
  expect(spec.with({ qscheme: 'asymmetric' })).toMatchObject({ dtype: 'uint8', qscheme: 'asymmetric' })
  expect(spec.qscheme).toBe('symmetric')
  expect(Object.isFrozen(spec)).toBe(true)
})

test('QuantizationSpec.toDict() writes an averaging constant only when it is not the default', () => {
  expect(new QuantizationSpec().toDict()).not.toHaveProperty('averaging_constant')
  const dict = new QuantizationSpec({ averagingConstant: 0.5 }).toDict()
  expect(dict).toHaveProperty('averaging_constant', 0.5)
  expect(QuantizationSpec.fromDict(dict).averagingConstant).toBe(0.5)
})

test('QuantizationSpec uses half of the range of eight bits where it is reduced', () => {
  const rangeOf = (options: ConstructorParameters<typeof QuantizationSpec>[0]) => {
    const { quantMin, quantMax } = new QuantizationSpec({ ...options, reduceRange: true })
    return [quantMin, quantMax]
  }
  expect(rangeOf({ dtype: 'int8' })).toEqual([-64, 63])
  expect(rangeOf({ dtype: 'int8', qscheme: 'symmetric_with_clipping' })).toEqual([-63, 63])
  expect(rangeOf({ dtype: 'uint8', qscheme: 'asymmetric' })).toEqual([0, 127])
  expect(new QuantizationSpec().toDict()).not.toHaveProperty('reduce_range')
  expect(QuantizationSpec.fromDict(new QuantizationSpec({ reduceRange: true }).toDict()).reduceRange).toBe(
    true,
  )
})

test('QuantizationSpec.fromDict() reads what toDict() writes, computed keys over', () => {
  const spec = new QuantizationSpec({
    dtype: 'int4',
    granularity: new PerBlock([1, -1, 4]),
    floatRange: [-1, null],
  })
  expect(QuantizationSpec.fromDict(spec.toDict({ computed: true }))).toEqual(spec)
})

test('QuantizationSpec.fromDict() names an unknown key and the nearest one', () => {
  expect(failure({ granularty: {} }).message).toBe(
    'Cannot read "weight.granularty": expected a known key (dtype, qscheme, qformulation, granularity, fake_quantize_cls, ' +
      'qparam_calculator_cls, range_calculator_cls, float_range, scale_dtype, averaging_constant, percentile, reduce_range), got an unknown one\n' +
      'Hint: did you mean "granularity"?',
  )
})

test.each([
  [{ dtype: 'int3' }, 'weight.dtype', 'got "int3"'],
  [{ dtype: 32 }, 'weight.dtype', 'got 32'],
  [{ qscheme: 'Symmetric' }, 'weight.qscheme', 'did you mean "symmetric"?'],
  [{ float_range: [0, 0] }, 'weight.float_range', 'expected a lower bound below the upper one, got [0, 0]'],
  [{ float_range: [0.5, 1] }, 'weight.float_range', 'expected a lower bound of at most 0'],
  [{ float_range: [null, -1] }, 'weight.float_range', 'expected an upper bound of at least 0'],
  [{ float_range: [false, true] }, 'weight.float_range', 'expected bounds that are numbers or null'],
  [{ float_range: null }, 'weight.float_range', 'expected a list of two bounds'],
  [{ scale_dtype: 'float8_e8m0fnu' }, 'weight', 'expected float32 scales (null) for int8'],
  [
    { dtype: 'float8_e4m3fn', scale_dtype: 'float32' },
    'weight.scale_dtype',
    'expected null or "float8_e8m0fnu"',
  ],
  [
    { dtype: 'float8_e4m3fn', qscheme: 'asymmetric' },
    'weight',
    'expected the symmetric scheme for float8_e4m3fn',
  ],
  [{ dtype: 'float8_e4m3fn', qformulation: 'minval' }, 'weight', 'expected the zp formulation'],
  [
    { qparam_calculator_cls: 'dynamic', qscheme: 'symmetric_with_clipping' },
    'weight',
    'for the dynamic calculator',
  ],
  [
    { qparam_calculator_cls: 'avg' },
    'weight.qparam_calculator_cls',
    'expected a registered qparam calculator',
  ],
  [{ averaging_constant: 2 }, 'weight.averaging_constant', 'expected a number from 0 to 1, got 2'],
  [{ reduce_range: 1 }, 'weight.reduce_range', 'expected true or false, got 1'],
  [{ reduce_range: true, dtype: 'int4' }, 'weight', 'expected int8 or uint8 for a reduced range, got "int4"'],
  [{ granularity: 'per_tensor' }, 'weight.granularity', 'expected a map, got "per_tensor"'],
  [{ granularity: { axis: 0 } }, 'weight.granularity.type', 'got undefined'],
  [{ granularity: { type: 'per_row' } }, 'weight.granularity.type', 'got "per_row"'],
  [
    { granularity: { type: 'per_tensor', axis: 0 } },
    'weight.granularity.axis',
    'expected null for per_tensor, got 0',
  ],
  [
    { granularity: { type: 'per_channel', axis: 'x' } },
    'weight.granularity.axis',
    'expected a whole number, got "x"',
  ],
  [
    { granularity: { type: 'per_channel', block_size: 2 } },
    'weight.granularity.block_size',
    'expected a known key (type, axis)',
  ],
  [{ granularity: { type: 'per_block', axis: 1 } }, 'weight.granularity.block_size', 'got undefined'],
  [{ granularity: { type: 'per_block', block_size: [0, 4] } }, 'weight.granularity.block_size.0', 'got 0'],
  ['int8', 'weight', 'expected a map, got "int8"'],
] as const)('QuantizationSpec.fromDict() refuses %j at %s', (dict, path, part) => {
  expect(failure(dict)).toEqual({ path, message: expect.stringContaining(part) })
})

test('QuantizationSpec refuses a misspelt option', () => {
  const options = { qcheme: 'symmetric' } as object
  expect(() => new QuantizationSpec(options)).toThrow('Hint: did you mean "qscheme"?')
})

test('PerChannel and PerBlock refuse axes and sizes that are no whole numbers', () => {
  expect(() => new PerChannel(0.5)).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message: 'Cannot read "granularity.axis": expected a whole number, got 0.5',
    }),
  )
  expect(() => new PerBlock(-32)).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message: 'Cannot read "granularity.block_size": expected a whole number of at least 1, got -32',
    }),
  )
})
