import { expect } from 'vitest'
import { gradients } from '../src/autograd/gradients.ts'
import { collectNodes } from '../src/ir/graph.ts'
import { emit, emitAll, Value } from '../src/ir/node.ts'
import type { Operation } from '../src/ir/operation.ts'
import type { LoweringRequest } from '../src/lowering/lower-graph.ts'
import { full } from '../src/ops/creation/full.ts'
import { add } from '../src/ops/elementwise/add.ts'
import { mul } from '../src/ops/elementwise/mul.ts'
import { sum } from '../src/ops/reduction/sum.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'
import { type GoldenCase, readGoldens } from './op-goldens.ts'
import type { Feeds, LoweredResults } from './run-lowered.ts'

const { cases, tensors } = readGoldens('ops')

/** The goldens' cases of an operation. */
export function rowsOf(op: Operation): readonly GoldenCase[] {
  return cases.filter((golden) => golden.op === op.name)
}

/** A value of a graph with the key of what it should be, or is fed with. */
interface Keyed {
  readonly value: Value
  readonly key: string
}

/** An output of the operation, or the gradient of an input. */
interface Expected extends Keyed {
  readonly kind: 'output' | 'gradient'
  /** Which output or input. */
  readonly index: number
}

/** An operation with its gradients, as a graph to lower, and the data of a golden case. */
export interface GoldenRow {
  readonly golden: GoldenCase
  readonly request: LoweringRequest
  readonly feeds: Feeds
  /** What outputs `o0`, `o1`, ... of the graph are. Its inputs `i0`, `i1`, ... are those of the case that are there, in order, and its output gradients. */
  readonly expected: readonly Expected[]
}

/** Applies an operation to the inputs of a case and takes the gradients that the case has. */
export function goldenRow(op: Operation, golden: GoldenCase): GoldenRow {
  const { inputs: keys, attrs, outputs: outputKeys, gradOutputs = [], gradInputs = [] } = golden
  const values = keys.map((key) => (key === null ? null : new Value(tensorOf(key))))
  const outputs = emitAll(op, values, attrs)
  const expected = outputKeys.flatMap((key, index): Expected[] => {
    const value = outputs[index]
    return value ? [{ kind: 'output', index, value, key }] : []
  })
  const seeds = gradOutputs.flatMap((key, i) =>
    key === null ? [] : [{ value: new Value(tensorOf(key)), key, i }],
  )
  const differentiated = new Set(values.flatMap((value, i) => (value && gradInputs[i] ? [value] : [])))
  const found = seeds.length === 0 ? new Map<Value, Value>() : gradientsOf(outputs, seeds, differentiated)
  for (const [index, key] of gradInputs.entries()) {
    if (key === null) continue
    const value = values[index] && found.get(values[index])
    expect(value, `gradient of input ${index}`).toBeDefined()
    if (value) expected.push({ kind: 'gradient', index, value, key })
  }
  const given = values.flatMap((value, i) => (value ? [{ value, key: keys[i] ?? '' }] : []))
  const inputs = [...given, ...seeds].map(({ value, key }, i) => ({ value, key, name: `i${i}` }))
  const results = expected.map(({ value }, i) => ({ value, name: `o${i}` }))
  return {
    golden,
    request: { inputs, nodes: collectNodes(expected.map(({ value }) => value)), outputs: results },
    feeds: Object.fromEntries(inputs.map(({ name, key }) => [name, tensorOf(key)])),
    expected,
  }
}

/** Expects a run to have given what PyTorch did. */
export function expectGolden({ golden, expected }: GoldenRow, results: LoweredResults): void {
  const { rtol, atol } = golden.tolerance ?? { rtol: 1e-5, atol: 1e-5 }
  for (const [i, { key, kind, index }] of expected.entries()) {
    const what = `${golden.name}: ${kind} ${index}`
    const wanted = toFloat32(tensorOf(key))
    const values = results[`o${i}`]?.values ?? []
    expect(values.length, what).toBe(wanted.length)
    for (const [at, y] of wanted.entries()) {
      const x = Number(values[at])
      const close = Object.is(x, y) || x === y || Math.abs(x - y) <= atol + rtol * Math.abs(y)
      if (!close) expect.fail(`${what}: expected ${y} at ${at}, got ${x}`)
    }
  }
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
