import type { AnyModule } from 'lowbit'
import { IfShape, IfValue, LoopReuse, WhileNorm } from './control-flow.ts'
import {
  Conv1dBlock,
  Conv3dBlock,
  ConvBNActs,
  ConvRelu,
  ConvTransposeBlock,
  InterleavedReuse,
  Residual,
} from './convolutions.ts'
import { BlockMismatch, GatedMLP, LinearActs, LSTMBlock, Nested, SharedLinear } from './linears.ts'
import { AddMulSub, CallForms, CatBlock, MatmulBlock, PoolBlock, Single } from './operations.ts'
import { AttnLN, EmbBlock, TiedEmb } from './sequences.ts'
import { Structured } from './structured.ts'

/** Makes a model that is described in words, with weights that are yet to be loaded. */
export type ModelBuilder = () => AnyModule

/** The models of `eager`, by the names of their folders. */
export const eagerModels: ReadonlyMap<string, ModelBuilder> = new Map<string, ModelBuilder>([
  ['add_mul_sub', () => new AddMulSub()],
  ['attn_ln', () => new AttnLN()],
  ['block_mismatch', () => new BlockMismatch()],
  ['call_forms', () => new CallForms()],
  ['cat', () => new CatBlock()],
  ['conv1d', () => new Conv1dBlock()],
  ['conv3d', () => new Conv3dBlock()],
  ['conv_bn_acts', () => new ConvBNActs()],
  ['conv_relu', () => new ConvRelu()],
  ['conv_transpose', () => new ConvTransposeBlock()],
  ['embedding', () => new EmbBlock()],
  ['gated_mlp', () => new GatedMLP()],
  ['if_shape', () => new IfShape()],
  ['if_value', () => new IfValue()],
  ['interleaved_reuse', () => new InterleavedReuse()],
  ['linear_acts', () => new LinearActs()],
  ['loop_reuse', () => new LoopReuse()],
  ['lstm', () => new LSTMBlock()],
  ['matmul', () => new MatmulBlock()],
  ['nested', () => new Nested()],
  ['op_name_scopes', () => new Structured()],
  ['pools', () => new PoolBlock()],
  ['residual', () => new Residual()],
  ['shared_linear', () => new SharedLinear()],
  ['single_values', () => new Single()],
  ['structured', () => new Structured()],
  ['tied_embedding', () => new TiedEmb()],
  ['while_norm', () => new WhileNorm()],
])
