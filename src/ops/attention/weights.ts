import type { Dim } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { productNode } from '../matrix/product.ts'
import { keptFactor } from '../random/kept-factor.ts'
import { sizeNode } from '../size-node.ts'
import type { AttentionPlan } from './plan.ts'

/** Stands for minus infinity in masks: it takes any score with it, and is still a number where a whole row has it. */
const HIDDEN = -1e30

/** Writes the weights of the values, before any dropout: rows that sum to 1. */
export function weightsNode(e: Emitter, plan: AttentionPlan): string {
  const scores = productNode(e, plan.query, plan.key, { transposeA: false, transposeB: true }, plan.scale)
  const bias = biasNode(e, plan)
  return e.op('Softmax', [bias === '' ? scores : e.op('Add', [scores, bias])], { axis: -1 })
}

/** Writes what dropout multiplies the weights by, '' where there is none. */
export function dropoutFactor(e: Emitter, { dropout, weights }: AttentionPlan): string {
  return dropout === null ? '' : keptFactor(e, weights, dropout.p, dropout.seed)
}

/** Writes `value`, rows of queries, with 0 in the rows of queries that may see no key. */
export function openRows(e: Emitter, value: string, { mask }: AttentionPlan): string {
  if (mask === null) return value
  const best = e.op('ReduceMax', [mask.isBool ? e.cast(mask.name, 'float32') : mask.name, e.ints([-1])])
  const isOpen = e.op('Greater', [best, e.scalar(mask.isBool ? 0 : HIDDEN)])
  return e.op('Mul', [value, e.cast(isOpen, 'float32')])
}

/** What is added to the scores, '' for nothing. */
function biasNode(e: Emitter, { mask, isCausal, query, key }: AttentionPlan): string {
  if (mask !== null) return mask.isBool ? hidden(e, mask.name) : e.op('Max', [mask.name, e.scalar(HIDDEN)])
  if (!isCausal) return ''
  const count = (size: Dim) => e.op('Range', [e.scalar(0, 'int64'), sizeNode(e, size), e.scalar(1, 'int64')])
  const rows = e.op('Unsqueeze', [count(query.shape.at(-2) ?? 1), e.ints([1])])
  return hidden(e, e.op('GreaterOrEqual', [rows, count(key.shape.at(-2) ?? 1)]))
}

function hidden(e: Emitter, isSeen: string): string {
  return e.op('Where', [isSeen, e.scalar(0), e.scalar(HIDDEN)])
}
