import type { Tensor } from '../engine/tensor.ts'
import type { Attributes } from '../ir/attributes.ts'
import type { Node, Value } from '../ir/node.ts'
import { randomSeed } from './random-seed.ts'

/** For each operation that `train()` and `eval()` of a graph reach, the attribute that says whether it trains. */
const FLAGS: Readonly<Record<string, string>> = {
  'aten.batch_norm': 'training',
  'aten.dropout': 'train',
  'aten.feature_dropout': 'train',
  'aten.lstm': 'train',
  'aten.gru': 'train',
}

/** For each operation that draws random numbers while it trains, which input its seed is: a place, or behind all others (-1). */
const SEEDS: Readonly<Record<string, number>> = {
  'aten.dropout': 1,
  'aten.feature_dropout': 1,
  'aten.scaled_dot_product_attention': 4,
  'aten.lstm': -1,
  'aten.gru': -1,
}

/** Attributes of a node with its training flag set; others stay as they are. */
export function flaggedAttributes(
  { op }: Pick<Node, 'op'>,
  attrs: Attributes,
  training: boolean,
): Attributes {
  const flag = FLAGS[op.name]
  return flag === undefined || attrs[flag] === training ? attrs : { ...attrs, [flag]: training }
}

/** Inputs of a node for one call: while they train, operations that drop something get a seed of their own. */
export function seededInputs(
  { op, attrs }: Pick<Node, 'op' | 'attrs'>,
  inputs: readonly (Tensor | null)[],
  training: boolean,
): readonly (Tensor | null)[] {
  const place = SEEDS[op.name]
  if (place === undefined || !training || !drops(attrs)) return inputs
  const count = place === -1 ? inputs.length : place
  return [...Array.from({ length: count }, (_, i) => inputs[i] ?? null), randomSeed()]
}

/** Inputs and attributes of a node in a captured graph, which has no seeds: what drops something is written down as it evaluates. */
export function unseeded({ op, inputs, attrs }: Pick<Node, 'op' | 'inputs' | 'attrs'>): {
  readonly inputs: readonly (Value | null)[]
  readonly attrs: Attributes
} {
  const place = SEEDS[op.name]
  if (place === undefined) return { inputs, attrs }
  const hasSeed = place === -1 ? attrs.train === true && drops(attrs) : inputs.length > place
  return {
    inputs: hasSeed ? inputs.slice(0, place) : inputs,
    attrs: flaggedAttributes({ op }, attrs, false),
  }
}

/** Whether an operation drops anything when it trains. A plain dropout takes a seed even where its share is 0. */
function drops({ dropout, dropoutP, numLayers }: Attributes): boolean {
  if (dropout !== undefined) return Number(dropout) > 0 && Number(numLayers) > 1
  return dropoutP === undefined || Number(dropoutP) > 0
}
