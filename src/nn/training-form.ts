import type { Tensor } from '../engine/tensor.ts'
import type { Attributes } from '../ir/attributes.ts'
import type { Node, Value } from '../ir/node.ts'
import { randomSeed } from './random-seed.ts'

/** For each operation that `train()` and `eval()` of a graph reach, the attribute that says whether it trains. */
const FLAGS: Readonly<Record<string, string>> = {
  'aten.batch_norm': 'training',
  'aten.dropout': 'train',
  'aten.feature_dropout': 'train',
}

/** Operations that draw random numbers while they train: the seed is their second input. */
const DROPOUTS = new Set(['aten.dropout', 'aten.feature_dropout'])

/** Attributes of a node with its training flag set; others stay as they are. */
export function flaggedAttributes(
  { op }: Pick<Node, 'op'>,
  attrs: Attributes,
  training: boolean,
): Attributes {
  const flag = FLAGS[op.name]
  return flag === undefined || attrs[flag] === training ? attrs : { ...attrs, [flag]: training }
}

/** Inputs of a node for one call: while they train, dropouts get a seed of their own. */
export function seededInputs(
  { op }: Node,
  inputs: readonly (Tensor | null)[],
  training: boolean,
): readonly (Tensor | null)[] {
  return training && DROPOUTS.has(op.name) ? [inputs[0] ?? null, randomSeed()] : inputs
}

/** Inputs and attributes of a node in a captured graph, which has no seeds: a dropout is written down as it evaluates. */
export function unseeded({ op, inputs, attrs }: Node): {
  readonly inputs: readonly (Value | null)[]
  readonly attrs: Attributes
} {
  if (!DROPOUTS.has(op.name)) return { inputs, attrs }
  return { inputs: inputs.slice(0, 1), attrs: { ...attrs, train: false } }
}
