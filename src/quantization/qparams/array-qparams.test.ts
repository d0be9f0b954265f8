import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngine } from '../../engine/engine.ts'
import { fromHost } from '../../engine/tensor.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { PerBlock, PerChannel, PerTensor } from '../spec/granularity.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { GlobalMinMaxCalculator, StaticCalculator } from './calculators.ts'
import { blocksOf } from './tensor-blocks.ts'

afterAll(() => closeEngine())

const CASES = [
  ['int8 per tensor', { dtype: 'int8', granularity: new PerTensor() }],
  ['int8 per channel', { dtype: 'int8', granularity: new PerChannel(0) }],
  ['int8 of the last axis, reduced', { dtype: 'int8', granularity: new PerChannel(2), reduceRange: true }],
  ['uint8 in blocks', { dtype: 'uint8', granularity: new PerBlock(2, 1) }],
  [
    'int4 with clipping',
    { dtype: 'int4', qscheme: 'symmetric_with_clipping', granularity: new PerChannel(1) },
  ],
  ['uint4 asymmetric', { dtype: 'uint4', qscheme: 'asymmetric', granularity: new PerBlock(4, 1) }],
  ['int8 with a known bound', { dtype: 'int8', qscheme: 'asymmetric', floatRange: [-1, null] }],
  ['fp8', { dtype: 'float8_e4m3fn', granularity: new PerChannel(0) }],
] as const

describe.each([StaticCalculator, GlobalMinMaxCalculator])('%o', (Calculator) => {
  it.each(CASES)(
    `${Calculator.name}.observeOnHost() stores the bits that a call stores: %s`,
    async (_, options) => {
      const spec = new QuantizationSpec(options)
      const numbers = fc.array(fc.float({ min: -300, max: 300, noNaN: true }), {
        minLength: 24,
        maxLength: 24,
      })
      await fc.assert(
        fc.asyncProperty(numbers, async (values) => {
          const x = fromHost(fromTypedArray(Float32Array.from(values), [2, 4, 3]))
          const blocks = blocksOf(x.shape, spec.granularity, 'weight')
          const [host, called] = [new Calculator(spec, 'weight'), new Calculator(spec, 'weight')]
          expect(host.observeOnHost(x, blocks)).toBe(true)
          called(x, blocks)
          for (const [i, buffer] of host.state.entries()) {
            const [got, expected] = [await buffer.array(), await called.state[i]?.array()]
            expect(got.shape).toEqual(expected?.shape)
            expect(numbersOf(got)).toEqual(expected && numbersOf(expected))
          }
        }),
        { numRuns: 8 },
      )
    },
  )

  it.each(CASES)(
    `${Calculator.name}.observeOnHost() observes the product with a scale as a call does: %s`,
    async (_, options) => {
      const spec = new QuantizationSpec(options)
      const values = fc.array(fc.float({ min: -300, max: 300, noNaN: true }), {
        minLength: 24,
        maxLength: 24,
      })
      const scales = fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { minLength: 4, maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(values, scales, fc.constantFrom(0, 1), async (numbers, some, axis) => {
          const x = fromHost(fromTypedArray(Float32Array.from(numbers), [2, 4, 3]))
          const factors = Float32Array.from(some.slice(0, x.shape[axis]))
          const scaled = x.mul(fromHost(fromTypedArray(factors, axis === 0 ? [2, 1, 1] : [4, 1])))
          const blocks = blocksOf(x.shape, spec.granularity, 'weight')
          const [host, called] = [new Calculator(spec, 'weight'), new Calculator(spec, 'weight')]
          expect(host.observeOnHost(x, blocks, { axis, factors })).toBe(true)
          called(scaled, blocks)
          for (const [i, buffer] of host.state.entries()) {
            const [got, expected] = [await buffer.array(), await called.state[i]?.array()]
            expect(numbersOf(got)).toEqual(expected && numbersOf(expected))
          }
        }),
        { numRuns: 8 },
      )
    },
  )

  it(`${Calculator.name}.observeOnHost() leaves what is infinite, NaN or no float32 to a call`, () => {
    const spec = new QuantizationSpec({ granularity: new PerTensor() })
    const of = (values: Float32Array, dtype: 'float32' | 'float16' = 'float32') => {
      const x = fromHost(castArray(fromTypedArray(values, [values.length]), dtype))
      const calculator = new Calculator(spec, 'weight')
      return [
        calculator.observeOnHost(x, blocksOf(x.shape, spec.granularity, 'weight')),
        calculator.isInitialized,
      ]
    }
    expect(of(Float32Array.of(1, Number.NaN))).toEqual([false, false])
    expect(of(Float32Array.of(1, Number.NEGATIVE_INFINITY))).toEqual([false, false])
    expect(of(Float32Array.of(1, 2), 'float16')).toEqual([false, false])
    expect(of(Float32Array.of(1, 2))).toEqual([true, true])
  })
})

/** -0 and 0 are the same bound. */
function numbersOf(array: HostArray): number[] {
  const values = array.dtype === 'int32' ? toTypedArray(array) : toFloat32(array)
  return Array.from(values, (value: number | bigint) => Number(value) + 0)
}
