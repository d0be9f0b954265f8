import {
  ModuleQuantizerConfig,
  PerBlock,
  PerChannel,
  QuantizationSpec,
  QuantizerConfig,
  type SpecOptions,
} from 'lowbit'
import type { ConfigName } from './config-names.ts'

/** Elements of a weight that share a scale, where a config has blocks. */
const BLOCK = 32

/** Weights and activations of each config; no activation: they stay float. */
const SPECS: Readonly<
  Record<ConfigName, { weight: SpecOptions; blocks: boolean; activation?: SpecOptions }>
> = {
  w8a8: { weight: { dtype: 'int8' }, blocks: false, activation: { dtype: 'int8' } },
  fp8: { weight: { dtype: 'float8_e4m3fn' }, blocks: false, activation: { dtype: 'float8_e4m3fn' } },
  w4a8: { weight: { dtype: 'int4' }, blocks: true, activation: { dtype: 'int8' } },
  fp4: { weight: { dtype: 'float4_e2m1fn' }, blocks: true, activation: { dtype: 'float8_e4m3fn' } },
  w2: { weight: { dtype: 'int2' }, blocks: true },
}

/** A config for models whose weights all divide into blocks. */
export function blockConfig(name: ConfigName): QuantizerConfig {
  return new QuantizerConfig({ globalConfig: moduleConfig(name, SPECS[name].blocks) })
}

/** A config whose convolutions have a scale for each channel instead of blocks, which do not divide their kernels. */
export function convolutionConfig(name: ConfigName): QuantizerConfig {
  return blockConfig(name).setModuleType('Conv2d', moduleConfig(name, false))
}

function moduleConfig(name: ConfigName, blocks: boolean): ModuleQuantizerConfig {
  const { weight, activation } = SPECS[name]
  const activations =
    activation === undefined
      ? null
      : { '*': new QuantizationSpec({ ...activation, qparamCalculator: 'moving_average' }) }
  const granularity = blocks ? new PerBlock(BLOCK) : new PerChannel()
  return new ModuleQuantizerConfig({
    opInputSpec: activations,
    opOutputSpec: activations,
    opStateSpec: { weight: new QuantizationSpec({ ...weight, granularity }) },
  })
}
