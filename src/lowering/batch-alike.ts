import { attributesKey } from '../ir/attributes.ts'
import { type Dims, isConcrete } from '../ir/dim.ts'
import { emit, Node, type Value } from '../ir/node.ts'
import { substitute } from '../ir/substitute.ts'
import { settleRange, splitRange } from '../ops/quantization/block-range.ts'
import { rangeToQParams } from '../ops/quantization/range-to-qparams.ts'
import { runningRange } from '../ops/quantization/running-range.ts'
import { cat, splitWithSizes } from '../ops/shape/cat.ts'
import { sizeOf } from '../tensor/shape.ts'

/** Operations that work entry by entry on inputs of one shape, and come in great numbers on few entries. */
const ENTRYWISE: ReadonlySet<string> = new Set([settleRange.name, runningRange.name, rangeToQParams.name])

/** Entries up to which calling a kernel costs more than its work. */
const MAX_ENTRIES = 4096

/** Below this number joining and cutting costs what it saves. */
const MIN_BATCH = 3

/**
 * Makes one operation of many that are alike, small and independent, such as what follows from the ranges of all observers of a model: inputs are joined along
 * their first dimension, results cut apart. Requires nodes in an order in which they can run, and all of them to be needed for the outputs; ensures the same.
 */
export function batchAlike(
  given: readonly Node[],
  results: readonly Value[],
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  const { nodes, outputs } = splitRanges(given, results)
  const replaced = new Map<Value, Value>()
  const known = new Set(nodes)
  for (const batch of findBatches(nodes)) {
    const inputs = joinedInputs(batch, replaced)
    const whole = wholeOf(batch, inputs)
    const cuts = whole.outputs.map((value) => cut(value, batch))
    batch.forEach((node, i) => {
      node.outputs.forEach((value, k) => {
        const part = cuts[k]?.outputs[i]
        if (part !== undefined) replaced.set(value, part)
      })
    })
    for (const node of [...inputs.map((value) => value.node), whole, ...cuts])
      if (node !== null) known.add(node)
  }
  if (replaced.size === 0) return { nodes, outputs }
  return substitute(inOrder(outputs, replaced, known), outputs, replaced)
}

/** Ranges of whole tensors in two steps, so that the second can be taken for all at once. */
function splitRanges(
  nodes: readonly Node[],
  outputs: readonly Value[],
): { nodes: readonly Node[]; outputs: readonly Value[] } {
  const split = nodes.map(splitRange)
  if (split.filter((steps) => steps !== undefined).length < MIN_BATCH) return { nodes, outputs }
  const replaced = new Map<Value, Value>()
  const result = nodes.flatMap((node, i) => {
    const steps = split[i]
    node.outputs.forEach((value, k) => {
      const same = steps?.[1].outputs[k]
      if (same !== undefined) replaced.set(value, same)
    })
    return steps ?? [node]
  })
  return substitute(result, outputs, replaced)
}

/** Nodes with equal keys and as many candidates on the longest way to them: none depends on another, and no two batches on each other. */
function findBatches(nodes: readonly Node[]): Node[][] {
  const levels = new Map<Node, number>()
  const batches = new Map<string, Node[]>()
  for (const node of nodes) {
    let level = 0
    for (const input of node.inputs) if (input?.node) level = Math.max(level, levels.get(input.node) ?? 0)
    const key = keyOf(node)
    levels.set(node, key === undefined ? level : level + 1)
    if (key === undefined) continue
    const members = batches.get(`${level} ${key}`)
    if (members === undefined) batches.set(`${level} ${key}`, [node])
    else members.push(node)
  }
  return [...batches.values()].filter((batch) => batch.length >= MIN_BATCH)
}

/** What nodes that can be joined have in common; undefined for a node that is not to be. */
function keyOf({ op, inputs, attrs }: Node): string | undefined {
  if (!ENTRYWISE.has(op.name)) return undefined
  const [first, ...rest] = inputs.map((input) => input?.shape ?? [])
  if (first === undefined || first.length === 0 || !isConcrete(first) || sizeOf(first) > MAX_ENTRIES)
    return undefined
  if (rest.some((shape) => shape.join() !== first.join())) return undefined
  const types = inputs.map((input) => input?.dtype).join()
  return `${op.name} ${types} [${first.slice(1)}] ${attributesKey(attrs)}`
}

function joinedInputs(batch: readonly Node[], replaced: ReadonlyMap<Value, Value>): Value[] {
  const [first] = batch
  return (first?.inputs ?? []).map((_, i) => {
    const parts = batch.map(({ inputs }) => inputs[i] ?? null)
    return uncut(parts, replaced) ?? emit(cat, parts, { dim: 0 })
  })
}

/** What was cut into just these parts. */
function uncut(parts: readonly (Value | null)[], replaced: ReadonlyMap<Value, Value>): Value | undefined {
  const [first] = parts
  const cutter = first && replaced.get(first)?.node
  const isSame =
    cutter?.op.name === splitWithSizes.name &&
    cutter.outputs.length === parts.length &&
    parts.every((part, i) => part !== null && replaced.get(part) === cutter.outputs[i])
  return isSame ? (cutter.inputs[0] ?? undefined) : undefined
}

function wholeOf([first]: readonly Node[], inputs: readonly Value[]): Node {
  if (first === undefined) throw new RangeError('Cannot batch nodes: expected at least one (a bug in lowbit)')
  return new Node(first.op, inputs, first.attrs, first.scope)
}

function cut(value: Value, batch: readonly Node[]): Node {
  const sizes: Dims = batch.map(({ outputs: [part] }) => part?.shape[0] ?? 1)
  return new Node(splitWithSizes, [value], { splitSizes: sizes, dim: 0 }, undefined)
}

/** Those of the nodes that compute the outputs once values are replaced, each behind what it reads. Iterative, for long chains. */
function inOrder(
  outputs: readonly Value[],
  replaced: ReadonlyMap<Value, Value>,
  known: ReadonlySet<Node>,
): Node[] {
  const ordered = new Set<Node>()
  const entered = new Set<Node>()
  const stack = outputs.toReversed()
  for (let value = stack.at(-1); value !== undefined; value = stack.at(-1)) {
    const { node } = replaced.get(value) ?? value
    // What computed a leaf earlier is not computed again.
    if (node === null || !known.has(node) || entered.has(node)) {
      if (node !== null && known.has(node)) ordered.add(node)
      stack.pop()
      continue
    }
    entered.add(node)
    for (const input of node.inputs) if (input !== null) stack.push(input)
  }
  return [...ordered]
}
