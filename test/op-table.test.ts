import { afterAll, describe, expect, test } from 'vitest'
import { recorder } from '../src/engine/recorder.ts'
import { fromHost, record, recordAll, type Tensor } from '../src/engine/tensor.ts'
import type { Operation } from '../src/ir/operation.ts'
import { add } from '../src/ops/elementwise/add.ts'
import { mul } from '../src/ops/elementwise/mul.ts'
import { operations } from '../src/ops/index.ts'
import { sum } from '../src/ops/reduction/sum.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'
import { type GoldenCase, readGoldens } from './op-goldens.ts'
import { quantizationRows } from './quantization-rows.ts'
import { atenOperations, quantizationOperations } from './required-operations.ts'

const { cases, tensors } = readGoldens('ops')
const byName = new Map<string, GoldenCase[]>(operations.map(({ name }) => [name, []]))
for (const golden of cases) byName.get(golden.op)?.push(golden)

afterAll(() => recorder.device.close())

test('operations: each name stands once', () => {
  expect(byName.size).toBe(operations.length)
})

test('operations: every ATen operation has goldens', () => {
  const missing = [...byName].filter(([name, rows]) => name.startsWith('aten.') && rows.length === 0)
  expect(missing.map(([name]) => name)).toEqual([])
})

test('operations: what programs and quantization are made of is there, with rows', () => {
  const quantizing = new Set(quantizationRows.map(({ op }) => op))
  expect(atenOperations.filter((name) => (byName.get(name) ?? []).length === 0)).toEqual([])
  expect(quantizationOperations.filter((name) => !byName.has(name) || !quantizing.has(name))).toEqual([])
})

test('operations: every golden has its operation', () => {
  expect([...new Set(cases.map(({ op }) => op).filter((op) => !byName.has(op)))]).toEqual([])
})

for (const op of operations) {
  const rows = byName.get(op.name) ?? []
  if (rows.length === 0) continue
  describe(op.name, () => {
    for (const golden of rows) {
      test(`${op.name} agrees with PyTorch: ${golden.name}`, () => check(op, golden))
    }
  })
}

async function check(op: Operation, golden: GoldenCase): Promise<void> {
  const inputs = golden.inputs.map((key) => (key === null ? null : fromHost(tensorOf(key))))
  golden.gradInputs?.forEach((key, i) => {
    const input = inputs[i]
    if (key !== null && input) input.requiresGrad = true
  })
  const outputs = recordAll(op, inputs, golden.attrs)
  const seeded = seed(outputs, golden)
  if (seeded?.requiresGrad) seeded.backward()
  for (const [i, key] of golden.outputs.entries())
    await expectClose(outputs[i], tensorOf(key), golden, `output ${i}`)
  for (const [i, key] of (golden.gradInputs ?? []).entries()) {
    if (key !== null) await expectClose(inputs[i]?.grad, tensorOf(key), golden, `gradient of input ${i}`)
  }
}

/** The scalar whose gradients are those of the outputs under the golden output gradients. */
function seed(outputs: readonly Tensor[], { gradOutputs = [] }: GoldenCase): Tensor | undefined {
  let total: Tensor | undefined
  for (const [i, key] of gradOutputs.entries()) {
    const output = outputs[i]
    if (key === null || output === undefined) continue
    const term = record(sum, [record(mul, [output, fromHost(tensorOf(key))], {})], {
      dim: null,
      keepdim: false,
    })
    total = total === undefined ? term : record(add, [total, term], { alpha: 1 })
  }
  return total
}

async function expectClose(
  actual: Tensor | null | undefined,
  expected: HostArray,
  { tolerance = { rtol: 1e-5, atol: 1e-5 } }: GoldenCase,
  what: string,
): Promise<void> {
  if (!actual) throw new TypeError(`Cannot compare ${what}: expected a tensor, got none`)
  const got = await actual.array()
  expect(`${got.dtype} [${got.shape}]`, what).toBe(`${expected.dtype} [${expected.shape}]`)
  const x = toFloat32(got)
  const y = toFloat32(expected)
  for (let i = 0; i < y.length; i++) {
    const a = x[i] ?? Number.NaN
    const b = y[i] ?? Number.NaN
    const close =
      Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance.atol + tolerance.rtol * Math.abs(b)
    if (!close && !(Number.isNaN(a) && Number.isNaN(b)))
      expect.fail(`${what}: expected ${b} at ${i}, got ${a}`)
  }
}

function tensorOf(key: string): HostArray {
  const array = tensors.get(key)
  if (array === undefined)
    throw new RangeError(`Cannot find the golden tensor "${key}": expected it in ops.safetensors, got none`)
  return array
}
