import type { Node } from '../ir/node.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { OpQuantizerConfig } from '../quantization/config/op-quantizer-config.ts'
import type { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { type Granularity, PerBlock, PerChannel } from '../quantization/spec/granularity.ts'
import { QuantizationSpec } from '../quantization/spec/quantization-spec.ts'
import { configureOps } from './exclusions.ts'

/** Smaller blocks have so many scales that eight bits are hardly larger. */
const SMALLEST_BLOCK = 16

/**
 * A config in blocks of four bits that fits a model: weights of products and embeddings that blocks of this size do not divide get the largest smaller ones that do;
 * where there are none, and in convolutions, whose networks four bits cost what they are for, weights are int8 per channel.
 */
export function fitBlocks(config: QuantizerConfig, model: GraphModule, blockSize: number): QuantizerConfig {
  const names = new Map<number, string[]>()
  for (const node of model.graph.nodes) {
    const size = blockedSize(node)
    if (size === undefined) continue
    const block = node.op.name.startsWith('aten.conv') ? 0 : largestDivisor(size, blockSize)
    if (block !== blockSize) names.set(block, [...(names.get(block) ?? []), node.name])
  }
  return [...names].reduce((fitted, [block, own]) => configureOps(fitted, own, weightConfig(block)), config)
}

/** Size of the axis that blocks divide, of an operation with a weight. */
function blockedSize({ op, inputs }: Node): number | undefined {
  const { weight } = op.quantization ?? {}
  const size = weight === undefined ? undefined : inputs[weight.input]?.shape[weight.blockAxis]
  return typeof size === 'number' ? size : undefined
}

/** The largest block up to a size that divides an axis; 0 where only blocks that are too small do. */
function largestDivisor(size: number, most: number): number {
  for (let block = most; block >= Math.min(most, SMALLEST_BLOCK); block--)
    if (size % block === 0) return block
  return 0
}

/** Four bits in blocks; eight per channel where the block is 0. */
function weightConfig(block: number): OpQuantizerConfig {
  const granularity: Granularity = block === 0 ? new PerChannel(null) : new PerBlock(block)
  const weight = new QuantizationSpec({ dtype: block === 0 ? 'int8' : 'int4', granularity })
  return new OpQuantizerConfig({ opInputSpec: {}, opOutputSpec: {}, opStateSpec: { weight } })
}
