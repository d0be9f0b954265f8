import { describe, expect, test } from 'vitest'
import { float32 } from '../../test/fake-operation.ts'
import { runLowered } from '../../test/run-lowered.ts'
import { collectNodes } from '../ir/graph.ts'
import { emit, emitAll, type Node, Value } from '../ir/node.ts'
import { add } from '../ops/elementwise/add.ts'
import { rangeToQParams } from '../ops/quantization/range-to-qparams.ts'
import { runningRange } from '../ops/quantization/running-range.ts'
import { fromValues } from '../tensor/from-values.ts'
import { batchAlike } from './batch-alike.ts'

const AVERAGE = { average: 0.25 }
const SCHEME = {
  quantMin: -128,
  quantMax: 127,
  symmetric: false,
  targetExponent: null,
  dtype: 'float32',
} as const

function namesOf(nodes: readonly Node[]): string[] {
  return nodes.map(({ op }) => op.name)
}

function countOf(nodes: readonly Node[], name: string): number {
  return namesOf(nodes).filter((one) => one === name).length
}

/** Runs nodes on inputs that count up. */
async function valuesOf(inputs: readonly Value[], nodes: readonly Node[], outputs: readonly Value[]) {
  const given = inputs.map(({ shape }, i) => {
    const size = shape.map(Number).reduce((a, b) => a * b, 1)
    const values = Array.from({ length: size }, (_, k) => (i % 2 === 0 ? -1 : 1) * (i + k + 0.3))
    return [`x${i}`, fromValues('float32', shape.map(Number), values)] as const
  })
  const request = {
    inputs: inputs.map((value, i) => ({ value, name: `x${i}` })),
    nodes,
    outputs: outputs.map((value, i) => ({ value, name: `y${i}` })),
  }
  const [results = {}] = await runLowered(request, Object.fromEntries(given))
  return outputs.map((_, i) => results[`y${i}`])
}

describe('batchAlike()', () => {
  test('batchAlike() joins independent nodes along their first dimension, and computes the same', async () => {
    const inputs = [1, 2, 1, 3].flatMap((n) => Array.from({ length: 4 }, () => new Value(float32(n, 1))))
    const ranges = [0, 4, 8, 12].map((first) =>
      emitAll(runningRange, inputs.slice(first, first + 4), AVERAGE),
    )
    const outputs = ranges.flatMap((range) => [...range, ...emitAll(rangeToQParams, range, SCHEME)])
    const nodes = collectNodes(outputs)
    const batched = batchAlike(nodes, outputs)
    expect(namesOf(nodes)).toHaveLength(8)
    expect(countOf(batched.nodes, runningRange.name)).toBe(1)
    expect(countOf(batched.nodes, rangeToQParams.name)).toBe(1)
    const expected = await valuesOf(inputs, nodes, outputs)
    expect(await valuesOf(inputs, batched.nodes, batched.outputs)).toEqual(expected)
  })

  test('batchAlike() leaves nodes apart that depend on each other', async () => {
    const [min, max, ...rest] = Array.from({ length: 4 }, () => new Value(float32(1)))
    let range: readonly (Value | undefined)[] = [min, max]
    const outputs: Value[] = []
    for (let i = 0; i < 4; i++) {
      range = emitAll(runningRange, [range[0] ?? null, range[1] ?? null, ...rest], AVERAGE)
      outputs.push(...range.flatMap((value) => value ?? []))
    }
    const nodes = collectNodes(outputs)
    expect(batchAlike(nodes, outputs)).toEqual({ nodes, outputs })
  })

  test('batchAlike() makes no two batches depend on each other', async () => {
    const inputs = Array.from({ length: 4 }, () => new Value(float32(1)))
    const range = (from: readonly Value[]) => emitAll(runningRange, [...from, ...inputs.slice(2)], AVERAGE)
    const other = (from: readonly Value[]) => emitAll(rangeToQParams, from, SCHEME)
    const start = inputs.slice(0, 2)
    // Three of each kind, in both orders: range before qparams, and qparams before range.
    const outputs = Array.from({ length: 3 }, (_, i) => {
      const shifted = start.map((value) => emit(add, [value], { other: i, alpha: 1 }))
      const [scale, , minval] = other(shifted)
      return [...other(range(shifted)), ...range([scale, minval].flatMap((value) => value ?? []))]
    }).flat()
    const nodes = collectNodes(outputs)
    const batched = batchAlike(nodes, outputs)
    expect(countOf(batched.nodes, runningRange.name)).toBe(2)
    expect(countOf(batched.nodes, rangeToQParams.name)).toBe(2)
    const expected = await valuesOf(inputs, nodes, outputs)
    expect(await valuesOf(inputs, batched.nodes, batched.outputs)).toEqual(expected)
  })

  test('batchAlike() does not go behind leaves that were computed earlier', () => {
    const inputs = Array.from({ length: 4 }, () => new Value(float32(1)))
    const leaves = [1, 2, 3].map((other) => emit(add, [inputs[0] ?? null], { other, alpha: 1 }))
    const outputs = leaves.flatMap((leaf) => emitAll(runningRange, [leaf, ...inputs.slice(1)], AVERAGE))
    const nodes = collectNodes(outputs, (value) => leaves.includes(value))
    const batched = batchAlike(nodes, outputs)
    expect(countOf(batched.nodes, runningRange.name)).toBe(1)
    expect(countOf(batched.nodes, add.name)).toBe(0)
  })

  test('batchAlike() leaves few, large and unequal nodes as they are', () => {
    const ranges = (shapes: readonly number[][], average: (i: number) => number) =>
      shapes.flatMap((shape, i) =>
        emitAll(
          runningRange,
          Array.from({ length: 4 }, () => new Value(float32(...shape))),
          { average: average(i) },
        ),
      )
    for (const outputs of [
      ranges([[1], [1]], () => 0.5),
      ranges([[5000], [5000], [5000]], () => 0.5),
      ranges([[1], [1], [1]], (i) => i),
      ranges([[], [], []], () => 0.5),
      ranges([[2, 1], [2, 2], [2]], () => 0.5),
    ]) {
      const nodes = collectNodes(outputs)
      expect(batchAlike(nodes, outputs).nodes).toEqual(nodes)
    }
  })
})
