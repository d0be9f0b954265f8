import { describe, expect, test } from 'vitest'
import { gradients } from '../src/autograd/gradients.ts'
import { collectNodes } from '../src/ir/graph.ts'
import { emit, emitAll, Value } from '../src/ir/node.ts'
import type { Operation } from '../src/ir/operation.ts'
import { full } from '../src/ops/creation/full.ts'
import { add } from '../src/ops/elementwise/add.ts'
import { mul } from '../src/ops/elementwise/mul.ts'
import { operations } from '../src/ops/index.ts'
import { sum } from '../src/ops/reduction/sum.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'
import { type GoldenCase, readGoldens } from './op-goldens.ts'
import { runLowered } from './run-lowered.ts'

const { cases, tensors } = readGoldens('ops')

describe('operations lowered for an engine without capabilities', () => {
  for (const op of operations) {
    const rows = cases.filter((golden) => golden.op === op.name)
    if (rows.length === 0) continue
    test(`${op.name} agrees with PyTorch`, async () => {
      for (const golden of rows) await check(op, golden)
    })
  }
})

/** Lowers the operation with its gradients into one model, as standard ONNX, and runs it with graph optimizations off. */
async function check(op: Operation, golden: GoldenCase): Promise<void> {
  const { inputs, seeds, results } = graphOf(op, golden)
  const outputs = results.map(({ value }, i) => ({ value, name: `o${i}` }))
  const feeds = [...inputs, ...seeds].map(({ value, key }, i) => ({ value, key, name: `i${i}` }))
  const nodes = collectNodes(outputs.map(({ value }) => value))
  const data = Object.fromEntries(feeds.map(({ name, key }) => [name, tensorOf(key)]))
  const [found] = await runLowered({ inputs: feeds, nodes, outputs }, data)
  for (const [i, { key, what }] of results.entries()) {
    const { rtol, atol } = golden.tolerance ?? { rtol: 1e-5, atol: 1e-5 }
    const expected = toFloat32(tensorOf(key))
    const values = found?.[`o${i}`]?.values ?? []
    expect(values.length, what).toBe(expected.length)
    for (const [at, y] of expected.entries()) {
      const x = Number(values[at])
      const close = Object.is(x, y) || x === y || Math.abs(x - y) <= atol + rtol * Math.abs(y)
      if (!close) expect.fail(`${golden.name}: ${what}: expected ${y} at ${at}, got ${x}`)
    }
  }
}

interface Keyed {
  readonly value: Value
  readonly key: string
}

function graphOf(
  op: Operation,
  { inputs: keys, attrs, outputs: expected, gradOutputs = [], gradInputs = [] }: GoldenCase,
): { inputs: Keyed[]; seeds: Keyed[]; results: (Keyed & { readonly what: string })[] } {
  const values = keys.map((key) => (key === null ? null : new Value(tensorOf(key))))
  const outputs = emitAll(op, values, attrs)
  const results = expected.flatMap((key, i) => {
    const value = outputs[i]
    return value ? [{ value, key, what: `output ${i}` }] : []
  })
  const seeds = gradOutputs.flatMap((key, i) =>
    key === null ? [] : [{ value: new Value(tensorOf(key)), key, i }],
  )
  const wanted = new Set(
    values.flatMap((value, i) => (value && typeof gradInputs[i] === 'string' ? [value] : [])),
  )
  const found = seeds.length === 0 ? new Map<Value, Value>() : gradientsOf(outputs, seeds, wanted)
  gradInputs.forEach((key, i) => {
    const value = values[i] && found.get(values[i])
    if (key === null) return
    expect(value, `gradient of input ${i}`).toBeDefined()
    if (value) results.push({ value, key, what: `gradient of input ${i}` })
  })
  const inputs = values.flatMap((value, i) => (value ? [{ value, key: keys[i] ?? '' }] : []))
  return { inputs, seeds, results }
}

/** Gradients of the sum of all outputs, each times its seed. */
function gradientsOf(
  outputs: readonly Value[],
  seeds: readonly (Keyed & { readonly i: number })[],
  wanted: ReadonlySet<Value>,
): Map<Value, Value> {
  const terms = seeds.flatMap(({ value, i }) => {
    const output = outputs[i]
    return output ? [emit(sum, [emit(mul, [output, value], {})], { dim: null, keepdim: false })] : []
  })
  const total = terms.reduce((a, b) => emit(add, [a, b], { alpha: 1 }))
  return gradients(total, emit(full, [], { size: [], fillValue: 1, dtype: total.dtype }), wanted)
}

function tensorOf(key: string) {
  const array = tensors.get(key)
  if (array === undefined) {
    throw new RangeError(`Cannot find the golden tensor "${key}": expected it in ops.safetensors, got none`)
  }
  return array
}
