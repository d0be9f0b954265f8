import { describe, expect, test } from 'vitest'
import type { Tensor } from '../../engine/tensor.ts'
import { Module } from '../../nn/module.ts'
import { ConfigError } from '../config-error.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { KVCacheQuantConfig } from './kv-cache-quant-config.ts'
import { ModuleQuantizerConfig } from './module-quantizer-config.ts'
import { OpQuantizerConfig } from './op-quantizer-config.ts'
import { QuantizerConfig } from './quantizer-config.ts'
import { specFor } from './tensor-specs.ts'

class Head extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}

const spec = new QuantizationSpec({ dtype: 'uint8' })

describe('OpQuantizerConfig', () => {
  test('OpQuantizerConfig takes null for disabled and {} for no opinion', () => {
    const config = new OpQuantizerConfig({ opInputSpec: null, opOutputSpec: {} })
    expect([...config.opInputSpec]).toEqual([['*', null]])
    expect(config.opOutputSpec.size).toBe(0)
    expect([...config.opStateSpec.keys()]).toEqual(['weight'])
  })

  test('OpQuantizerConfig takes keys of digits for positions of inputs, and as names of states', () => {
    const config = new OpQuantizerConfig({
      opInputSpec: { 0: spec, x: null, '-1': null },
      opStateSpec: { 0: null },
    })
    expect([...config.opInputSpec.keys()]).toEqual([0, 'x', '-1'])
    expect([...config.opStateSpec.keys()]).toEqual(['0'])
  })

  test('OpQuantizerConfig refuses one position twice', () => {
    const specs = new Map<string | number, null>([
      [0, null],
      ['0', null],
    ])
    expect(() => new OpQuantizerConfig({ opInputSpec: specs })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message: 'Cannot read "opInputSpec": expected each position once, got "0 twice"',
      }),
    )
  })

  test('specFor() prefers the exact key to the rest', () => {
    const { opInputSpec } = new OpQuantizerConfig({ opInputSpec: { '*': spec, 1: null } })
    expect([specFor(opInputSpec, 0), specFor(opInputSpec, 1)]).toEqual([spec, null])
    expect(specFor(new Map(), 0)).toBeUndefined()
  })
})

describe('QuantizerConfig', () => {
  test('QuantizerConfig without options quantizes weights and activations in graph mode', () => {
    const config = new QuantizerConfig()
    expect(config.executionMode).toBe('graph')
    expect(config.globalConfig.opInputSpec.get('*')?.qparamCalculator).toBe('moving_average')
    expect(config.globalConfig.opStateSpec.get('weight')?.granularity).toMatchObject({
      type: 'per_channel',
      axis: 0,
    })
  })

  test('QuantizerConfig takes the class of a module, its name, and its full name', () => {
    const off = ModuleQuantizerConfig.disabled()
    const config = new QuantizerConfig({
      moduleTypeConfigs: new Map<string | typeof Head, null>([
        [Head, null],
        ['Linear', null],
      ]),
    })
    expect(config.getModuleConfig('head', Head)).toEqual(off)
    expect(config.getModuleConfig('fc', 'Linear')).toEqual(off)
    expect(config.getModuleConfig('fc', 'torch.nn.modules.linear.Linear')).toEqual(off)
    expect(config.getModuleConfig('conv', 'Conv2d')).toBe(config.globalConfig)
  })

  test('QuantizerConfig refuses module specs among the global settings, even empty ones', () => {
    const globalConfig = new ModuleQuantizerConfig({ moduleOutputSpec: { 0: null } })
    expect(() => new QuantizerConfig({ globalConfig })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message:
          'Cannot read "globalConfig.module_output_spec": expected no module specs in the global config, got "some"\n' +
          'Hint: give them to a module by type or by name',
      }),
    )
  })

  test('QuantizerConfig.onlyFor() gives the global settings to targets, once', () => {
    const config = QuantizerConfig.w4().onlyFor(Head, 'lm_head')
    expect(config.globalConfig.isDisabled).toBe(true)
    expect([...config.moduleTypeConfigs.keys(), ...config.moduleNameConfigs.keys()]).toEqual([
      '__main__.Head',
      'lm_head',
    ])
    expect(() => config.onlyFor('other')).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message:
          'Cannot read "globalConfig": expected settings that quantize something, to give them to the targets, got "disabled ones"',
      }),
    )
  })

  test('QuantizerConfig.onlyFor() and without() leave the config as it is when a target is bad', () => {
    const config = QuantizerConfig.w8()
    const before = config.toDict()
    const bad: unknown = 3.5
    expect(() => config.onlyFor('a', bad as string)).toThrow(TypeError)
    expect(() => config.without(Head, bad as string)).toThrow(TypeError)
    expect(() => config.onlyFor()).toThrow(ConfigError)
    expect(config.without([]).toDict()).toEqual(before)
  })

  test('QuantizerConfig.w8() refuses an option that is not there', () => {
    const options = { axes: 0 } as object
    expect(() => QuantizerConfig.w8(options)).toThrow(
      new TypeError('Cannot make "w8": expected options among axis, got "axes"\nHint: did you mean "axis"?'),
    )
  })

  test('QuantizerConfig.toDict() keeps the order of names when asked, which plain objects do not', () => {
    const config = new QuantizerConfig().setModuleName('.*', null).setModuleName('0', null)
    const names = (dict: Record<string, unknown>) =>
      Reflect.get(Object(dict.quantization_config), 'module_name_configs')
    expect([...names(config.toDict({ ordered: true })).keys()]).toEqual(['.*', '0'])
    const again = QuantizerConfig.fromYaml(config.toYaml())
    expect([...(again?.moduleNameConfigs.keys() ?? [])]).toEqual(['.*', '0'])
  })

  test('QuantizerConfig.setExecutionMode() warns of the old name', () => {
    const warnings: string[] = []
    const mode: string = 'pt2e'
    new QuantizerConfig().setExecutionMode(mode as 'graph', {
      logger: { warn: (text) => warnings.push(text) },
    })
    expect(warnings).toEqual(['"executionMode" is "pt2e", an old name: write "graph"'])
  })

  test('KVCacheQuantConfig takes one input by position, in graph mode', () => {
    const opQuantizerConfig = new OpQuantizerConfig({
      opInputSpec: { 1: spec },
      opOutputSpec: null,
      opStateSpec: null,
    })
    const cache = new KVCacheQuantConfig({ opQuantizerConfig })
    expect(cache.input).toEqual([1, spec])
    const kvCacheQuantConfigs = { update_cache: cache }
    expect(() => new QuantizerConfig({ kvCacheQuantConfigs, executionMode: 'eager' })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message:
          'Cannot read "executionMode": expected "graph" for a config with kv_cache_quant_configs, got "eager"',
      }),
    )
    const options = { opQuantizerConfig: new OpQuantizerConfig({ opInputSpec: { 1: spec } }) }
    expect(() => new KVCacheQuantConfig(options)).toThrow(
      'Hint: left out, it gets the default; write op_output_spec: null',
    )
  })
})
