import { describe, expect, test } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { QuantizerConfig } from './quantizer-config.ts'

const TOP = 'quantization_config:\n'

/** Lists of eight that each hold the one before eight times: 8^16 entries when written out. */
const BOMB = [
  '  a: &a [x, x, x, x, x, x, x, x]',
  ...[...'bcdefghijklmnop'].map(
    (name, i) => `  ${name}: &${name} [${Array(8).fill(`*${'abcdefghijklmnop'[i]}`)}]`,
  ),
].join('\n')

const MERGES = [
  '  a0: &a0 {k0: 1}',
  ...Array.from({ length: 300 }, (_, i) => `  a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}], k${i + 1}: 1}`),
].join('\n')

describe('QuantizerConfig.fromYaml()', () => {
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

  test.each([
    ['a deep flow', '['.repeat(1000), 'nesting exceeded maxDepth'],
    [
      'deep blocks',
      Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'nesting exceeded maxDepth',
    ],
    [
      'aliases of aliases',
      `quantization_spec:\n${BOMB}\n${TOP}  preserved_attributes: *p`,
      'got [a list of 8, a list of 8',
    ],
    [
      'merges of merges',
      `quantization_spec:\n${MERGES}\n${TOP}  global_config: *a300`,
      'merge keys exceeded maxTotalMergeKeys',
    ],
    ['a key twice', `${TOP}  execution_mode: eager\n  execution_mode: graph`, 'duplicated mapping key'],
    [
      '50 MB',
      `${TOP}  preserved_attributes: ["${'x'.repeat(50_000_000)}"]`,
      'expected at most 4000000 characters',
    ],
    [
      'very many entries',
      `${TOP}  preserved_attributes: [${'a,'.repeat(200_000)}a]`,
      'expected at most 100000 entries',
    ],
    ['a tag of a program', `${TOP}  execution_mode: !!python/object:os.system ls`, 'unknown scalar tag'],
    [
      'several documents',
      `${TOP}  execution_mode: eager\n---\n${TOP}  execution_mode: eager`,
      'expected one document, got 2',
    ],
    ['a list', '- a', 'Cannot read "config": expected a map, got ["a"] (line 1, column 1)'],
    [
      'an unknown key on top',
      `${TOP}  execution_mode: eager\nspecs: {}`,
      'expected a known key (quantization_config, quantization_spec)',
    ],
    [
      'a bad expression',
      `${TOP}  module_name_configs: {"(?=a)": null}`,
      'Cannot read "module_name_configs.(?=a)"',
    ],
  ])('fromYaml() refuses %s quickly', (_, text, part) => {
    const started = performance.now()
    expect(() => QuantizerConfig.fromYaml(text)).toThrow(ConfigError)
    expect(() => QuantizerConfig.fromYaml(text)).toThrow(part)
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
