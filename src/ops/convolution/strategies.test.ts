import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numbers } from '../../../test/evaluate.ts'
import { fakeOperation } from '../../../test/fake-operation.ts'
import { wave } from '../../../test/finite-differences.ts'
import {
  type Numbers,
  naiveConvolution,
  naiveInputGradient,
  naiveWeightGradient,
} from '../../../test/naive-convolution.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromHost, record, type Tensor } from '../../engine/tensor.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import {
  type ConvDims,
  type ConvEngine,
  type ConvShape,
  type ConvStrategy,
  inputSize,
  outputSize,
  weightSize,
} from './conv-shape.ts'
import { extent } from './geometry.ts'
import { convolutionStrategies, plainConvolution } from './lower-convolution.ts'
import { inputGradientStrategies, plainInputGradient } from './lower-input-gradient.ts'
import { plainWeightGradient, weightGradientStrategies } from './lower-weight-gradient.ts'

/** What strategies of one kind compute, and from what. */
interface Kind {
  readonly name: string
  readonly operands: readonly ((shape: ConvShape) => number[])[]
  readonly result: (shape: ConvShape) => number[]
  readonly naive: (shape: ConvShape, a: Numbers, b: Numbers) => number[]
  readonly strategies: readonly ConvStrategy[]
  readonly plain: (e: Emitter, shape: ConvShape, operands: readonly string[]) => string
}

const KINDS: readonly Kind[] = [
  {
    name: 'lowerConvolution()',
    operands: [inputSize, weightSize],
    result: outputSize,
    naive: naiveConvolution,
    strategies: convolutionStrategies,
    plain: plainConvolution,
  },
  {
    name: 'lowerInputGradient()',
    operands: [outputSize, weightSize],
    result: inputSize,
    naive: naiveInputGradient,
    strategies: inputGradientStrategies,
    plain: (e, shape, operands) => plainInputGradient(e, dimsOf(shape), shape, operands),
  },
  {
    name: 'lowerWeightGradient()',
    operands: [inputSize, outputSize],
    result: weightSize,
    naive: naiveWeightGradient,
    strategies: weightGradientStrategies,
    plain: (e, shape, operands) => plainWeightGradient(e, dimsOf(shape), shape, operands),
  },
]

function dimsOf(shape: ConvShape): ConvDims {
  return { x: inputSize(shape), weight: weightSize(shape), y: outputSize(shape) }
}

/** One dimension: the input is as long as the windows need, and up to a stride more. */
const axis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 3 }),
    output: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    before: fc.integer({ min: 0, max: 2 }),
    after: fc.integer({ min: -1, max: 2 }),
    left: fc.nat(2),
  })
  .map(({ kernel, output, stride, dilation, before, after, left }) => {
    const input = extent(output, stride) + extent(kernel, dilation) - 1 - before - after + (left % stride)
    return { kernel, output, stride, dilation, before, after, input }
  })
  .filter(({ input }) => input >= 1)

const channelCounts = fc.constantFrom(1, 3, 4, 8, 16, 20, 32)

/** Channels, filters and groups: dense, depthwise, or in two groups. */
const widths = fc.oneof(
  fc.record({ channels: channelCounts, filters: channelCounts, groups: fc.constant(1) }),
  channelCounts.map((count) => ({ channels: count, filters: count, groups: count })),
  fc.constantFrom(
    { channels: 4, filters: 6, groups: 2 },
    { channels: 32, filters: 32, groups: 2 },
    { channels: 3, filters: 6, groups: 3 },
  ),
)

function shapes(
  axes: fc.Arbitrary<readonly (typeof axis extends fc.Arbitrary<infer T> ? T : never)[]>,
): fc.Arbitrary<ConvShape> {
  return fc
    .record({ batch: fc.constantFrom(1, 2, 5, 16, 19), widths, axes })
    .map(({ batch, widths, axes }) => ({
      batch,
      ...widths,
      input: axes.map(({ input }) => input),
      kernel: axes.map(({ kernel }) => kernel),
      output: axes.map(({ output }) => output),
      stride: axes.map(({ stride }) => stride),
      dilation: axes.map(({ dilation }) => dilation),
      padding: axes.map(({ before, after }) => [before, after] as const),
    }))
}

const planes = shapes(fc.tuple(axis, axis))
const squares = shapes(axis.map((one) => [one, one]))
const pointwise = planes.map((shape) => ({
  ...shape,
  kernel: [1, 1],
  stride: [1, 1],
  padding: [[0, 0] as const, [0, 0] as const],
  output: shape.input,
}))
const lines = shapes(fc.tuple(axis))
const volumes = shapes(fc.tuple(axis, axis, axis)).filter(({ batch, channels }) => batch * channels <= 40)

/** Records one form of a lowering. */
function recorded(kind: Kind, shape: ConvShape, name: string, write: (e: Emitter) => string): Tensor {
  const op = fakeOperation(`test.${kind.name}.${name}.${JSON.stringify(shape)}`, {
    infer: () => [{ shape: kind.result(shape), dtype: 'float32' }],
    lower: (e) => [write(e)],
  })
  return record(op, dataOf(kind, shape).map(fromHost), {})
}

/** Runs the plain form and the strategies that apply, and holds them against the definition; returns the strategies' names. */
async function expectAgreement(kind: Kind, shape: ConvShape, traits: ConvEngine): Promise<string[]> {
  const strategies = kind.strategies.filter((one) => one.applies(shape, traits))
  const plain = recorded(kind, shape, 'plain', (e) => kind.plain(e, shape, e.inputs))
  const others = strategies.map((one) =>
    recorded(kind, shape, one.name, (e) => one.lower(e, shape, e.inputs, traits)),
  )
  const [a = [], b = []] = dataOf(kind, shape).map((array) => Array.from(toFloat32(array)))
  const expected = kind.naive(shape, a, b)
  expectClose(await numbers(plain), expected, 'plain')
  for (const [i, { name }] of strategies.entries()) {
    const found = others[i]
    if (found) expectClose(await numbers(found), expected, name)
  }
  return strategies.map(({ name }) => name)
}

function dataOf(kind: Kind, shape: ConvShape) {
  return kind.operands.map((size, i) => wave(size(shape), -1, 1, i))
}

function expectClose(found: Numbers, expected: Numbers, what: string): void {
  expect(found.length, what).toBe(expected.length)
  const worst = found.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? Number.NaN))),
    0,
  )
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  expect(worst, what).toBeLessThan(2e-5 * (1 + largest))
}

async function engine(): Promise<ConvEngine> {
  await recorder.device.ready
  const { capabilities } = recorder.device
  const block = capabilities.has('nchwc16') ? 16 : 8
  return { local: capabilities.has('fusedMatMul'), block: capabilities.has('nchwc') ? block : 0 }
}

for (const kind of KINDS) {
  describe(kind.name, () => {
    test(`${kind.name} computes in every form what the definition says`, async () => {
      const traits = await engine()
      const seen = new Set<string>()
      await fc.assert(
        fc.asyncProperty(fc.oneof(planes, squares, pointwise), async (shape) => {
          for (const name of await expectAgreement(kind, shape, traits)) seen.add(name)
        }),
        { numRuns: 50, seed: 1 },
      )
      const possible = kind.strategies.filter(({ name }) => traits.block > 0 || !name.startsWith('blocked'))
      expect([...seen].sort()).toEqual(possible.map(({ name }) => name).sort())
    })

    test(`${kind.name} computes in its forms for every rank what the definition says of lines and volumes`, async () => {
      const traits = { local: true, block: 0 }
      await fc.assert(
        fc.asyncProperty(fc.oneof(lines, volumes), async (shape) => {
          await expectAgreement(kind, shape, traits)
        }),
        { numRuns: 15, seed: 1 },
      )
    })
  })
}
