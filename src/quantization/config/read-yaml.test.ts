import { describe, expect, test } from 'vitest'
import { QuantizerConfig } from './quantizer-config.ts'

const TOP = 'quantization_config:\n'

describe('QuantizerConfig.fromYaml()', () => {
  test('QuantizerConfig.fromYaml() takes a text alone', () => {
    expect(() => QuantizerConfig.fromYaml(Object(new Uint8Array(3)))).toThrow(
      'Cannot read "config": expected a text, got bytes',
    )
  })

  test('fromYaml() says where an error is, and what is near', () => {
    const text = `${TOP}  global_config:\n    op_type_config:\n      conv2d:\n        op_state_spec: {weight: {dtype: int7}}\n`
    const error = expect.objectContaining({
      name: 'ConfigError',
      message:
        'Cannot read "global_config.op_type_config.conv2d.op_state_spec.weight.dtype": expected one of "int2", "uint2", "int4", "uint4", "int8", ' +
        '"uint8", "float8_e4m3fn", "float8_e5m2", "float4_e2m1fn_x2", got "int7" (line 5, column 34)\nHint: did you mean "int2"?',
    })
    expect(() => QuantizerConfig.fromYaml(text)).toThrow(error)
  })

  test('fromYaml() follows anchors and merge keys', () => {
    const text = `quantization_spec:\n  base: &b {dtype: int4, qscheme: asymmetric}\n${TOP}  global_config: {op_state_spec: {weight: {<<: *b, dtype: uint4}}}`
    expect(QuantizerConfig.fromYaml(text)?.globalConfig.opStateSpec.get('weight')).toMatchObject({
      dtype: 'uint4',
      qscheme: 'asymmetric',
    })
  })

  test('fromYaml() reads numbers and booleans as PyYAML does', () => {
    const schedule = (steps: string) =>
      QuantizerConfig.fromYaml(`${TOP}  global_config: {qat_schedule: {enable_fake_quant: ${steps}}}`)
    expect(schedule('010')?.globalConfig.qatSchedule?.enableFakeQuant).toBe(8)
    expect(schedule('"7"')?.globalConfig.qatSchedule?.enableFakeQuant).toBe(7)
    expect(() => schedule('1e3')).toThrow('expected a whole number of at least 0, got "1e3"')
    expect(schedule('yes')?.globalConfig.qatSchedule?.enableFakeQuant).toBe(1)
  })

  test('fromYaml() gives null and warns for an empty file', () => {
    const warnings: string[] = []
    expect(
      QuantizerConfig.fromYaml('# nothing', { logger: { warn: (text) => warnings.push(text) } }),
    ).toBeNull()
    expect(warnings).toEqual(['A config file is empty: it gives no config'])
  })

  test('fromYaml() takes `__proto__` and `constructor` for names', () => {
    const config = QuantizerConfig.fromYaml(
      `${TOP}  module_name_configs: {__proto__: null, constructor: null}`,
    )
    expect([...(config?.moduleNameConfigs.keys() ?? [])]).toEqual(['__proto__', 'constructor'])
    expect(Object.keys(Object(config?.toDict().quantization_config).module_name_configs)).toEqual([
      '__proto__',
      'constructor',
    ])
    expect(() => QuantizerConfig.fromYaml(`${TOP}  __proto__: {executionMode: eager}`)).toThrow(
      'expected a known key',
    )
  })

  test('fromYaml() throws a TypeError for a config that is no map', () => {
    expect(() => QuantizerConfig.fromYaml('quantization_config: null')).toThrow(
      new TypeError('Cannot read "quantization_config": expected a map, got null'),
    )
  })
})
