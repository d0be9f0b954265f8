import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { hostileConfigs } from '../../../test/hostile-configs.ts'
import { QuantizerConfig } from './quantizer-config.ts'

const TOP = 'quantization_config:\n'

describe('QuantizerConfig.fromYaml()', () => {
  test.each(hostileConfigs)(
    'fromYaml() refuses %s, says why and where, and takes little time',
    (_, text, message) => {
      const started = performance.now()
      expect(() => QuantizerConfig.fromYaml(text)).toThrow(
        expect.objectContaining({ name: 'ConfigError', message }),
      )
      expect(performance.now() - started).toBeLessThan(3000)
    },
  )

  test('fromYaml() takes little memory to refuse them all', async () => {
    const worker = new Worker(new URL('../../../test/read-hostile-configs.mjs', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 192 },
    })
    expect(await once(worker, 'message')).toEqual([hostileConfigs.length])
    await worker.terminate()
  })

  test('fromYaml() takes what is long and says nothing quickly', () => {
    const logger = { warn() {} }
    const started = performance.now()
    for (const text of [' '.repeat(3_900_000), '#'.repeat(3_900_000)])
      expect(QuantizerConfig.fromYaml(text, { logger })).toBeNull()
    expect(performance.now() - started).toBeLessThan(3000)
  })

  test('fromYaml() leaves prototypes as they are', () => {
    const text = `${TOP}  module_name_configs: {__proto__: {op_state_spec: {__proto__: {dtype: int4}}}}`
    const config = QuantizerConfig.fromYaml(text)
    expect(config?.moduleNameConfigs.get('__proto__')?.opStateSpec.get('__proto__')?.dtype).toBe('int4')
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(QuantizerConfig.fromYaml(config?.toYaml() ?? '')?.toYaml()).toBe(config?.toYaml())
  })

  test('fromYaml() matches a catastrophic expression against 10,000 characters quickly', () => {
    const config = QuantizerConfig.fromYaml(
      `${TOP}  global_config: null\n  module_name_configs: {"^(a+)+$": {}}`,
    )
    const started = performance.now()
    expect(config?.getModuleConfig(`${'a'.repeat(10_000)}b`, 'Linear').isDisabled).toBe(true)
    expect(config?.getModuleConfig('a'.repeat(10_000), 'Linear').isDisabled).toBe(false)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test("fromYaml() takes Python's groups by name, flags and end of text, and matches whole names", () => {
    const names = { '(?P<part>head)[0-9]': 'head1', '(?i)TAIL': 'tail', 'end\\Z': 'end' }
    for (const [pattern, name] of Object.entries(names)) {
      const config = QuantizerConfig.fromYaml(`${TOP}  module_name_configs: {'${pattern}': null}`)
      expect(config?.getModuleConfig(name, 'Linear').isDisabled).toBe(true)
      expect(config?.getModuleConfig(`${name}.0`, 'Linear').isDisabled).toBe(false)
    }
  })
})
