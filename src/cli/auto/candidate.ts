import { OpQuantizerConfig } from '../../quantization/config/op-quantizer-config.ts'
import type { QuantizerConfig } from '../../quantization/config/quantizer-config.ts'
import { configureOps, excludeOps } from '../exclusions.ts'
import { hasBlocks, presetConfig } from '../preset-configs.ts'
import { findPreset } from '../preset-names.ts'

/** One way to quantize a model. */
export interface Candidate {
  /** Name of a preset. */
  readonly preset: string
  /** How ranges of activations are found; null as the preset has it. */
  readonly range: string | null
  /** Operations that are quantized less, or not at all. */
  readonly spared: readonly string[]
  /** What they have instead: weights of eight bits, as the preset w8 has, or nothing. */
  readonly sparedAs: 'int8' | 'float'
}

/** What is the same for all candidates of one search. */
export interface CandidateBase {
  /** Operations that the user wants to stay float. */
  readonly excluded: readonly string[]
  readonly blockSize?: number
}

/** Whether a preset has weights of four bits. */
export function hasFourBits(preset: string): boolean {
  return /^w4|^q4/.test(findPreset(preset).name)
}

/** A candidate as a person reads it: `w4-block, 2 operations in 8 bits`. */
export function candidateLabel({ preset, range, spared, sparedAs }: Candidate): string {
  const count = `${spared.length} operation${spared.length === 1 ? '' : 's'}`
  return [
    preset,
    ...(range === null ? [] : [range]),
    ...(spared.length === 0 ? [] : [`${count} ${sparedAs === 'int8' ? 'in 8 bits' : 'float'}`]),
  ].join(', ')
}

/** The config of a candidate. */
export function candidateConfig(
  { preset, range, spared, sparedAs }: Candidate,
  { excluded, blockSize }: CandidateBase,
): QuantizerConfig {
  const isBlocked = blockSize !== undefined && hasBlocks(findPreset(preset).name)
  const config = presetConfig(preset, {
    ...(range === null ? {} : { range }),
    ...(isBlocked ? { blockSize } : {}),
  })
  if (sparedAs === 'float') return excludeOps(config, [...excluded, ...spared])
  const { opInputSpec, opOutputSpec } = config.globalConfig
  const { opStateSpec } = presetConfig('w8').globalConfig
  const eightBits = new OpQuantizerConfig({ opInputSpec, opOutputSpec, opStateSpec })
  return excludeOps(configureOps(config, spared, eightBits), excluded)
}
