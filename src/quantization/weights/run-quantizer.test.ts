import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { castArray } from '../../tensor/cast-array.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import type { RunDType } from './quantize-runs.ts'
import { type RunQuantizer, runQuantizer, type SourceDType } from './run-quantizer.ts'
import { WeightKernel } from './weight-kernel.ts'

const kernel = WeightKernel.create()

/** Numbers that are easy to get wrong: ties of every kind of step, subnormal ones, and the ends of the range. */
const value = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, min: -1, max: 1 }),
  fc.constantFrom(0, -0, 0.5, -0.5, 1.5, 2.5, 127.5, -127.5, 63.5, 7.5, -7.5, 3.5, 2 ** -149, -(2 ** -130)),
)

function quantized(quantizer: RunQuantizer, bytes: Uint8Array, count: number) {
  quantizer.input(count).set(bytes)
  const result = quantizer.quantize(count)
  return result && { codes: Uint8Array.from(result.codes), scales: Float32Array.from(result.scales) }
}

describe('runQuantizer()', () => {
  test('runQuantizer() has a kernel here', () => {
    expect(kernel).toBeInstanceOf(WeightKernel)
  })

  const cases = (['float32', 'float16', 'bfloat16'] as const).flatMap((source) =>
    (['int8', 'int4'] as const).flatMap((dtype) =>
      [1, 3, 8, 17, 32, 50, 64, 101].map((runLength): [SourceDType, RunDType, number] => [
        source,
        dtype,
        runLength,
      ]),
    ),
  )
  test.each(cases)(
    'runQuantizer() gives with the kernel the bits that it gives without: %s to %s in runs of %i',
    (sourceDtype, dtype, runLength) => {
      const runs = fc.array(fc.array(value, { minLength: runLength, maxLength: runLength }), {
        minLength: 1,
        maxLength: 4,
      })
      const layout = { sourceDtype, dtype, runLength, capacity: 4 * runLength }
      fc.assert(
        fc.property(runs, (lists) => {
          const values = Float32Array.from(lists.flat())
          const { bytes } = castArray(fromTypedArray(values, [values.length]), sourceDtype)
          const plain = quantized(runQuantizer(layout, undefined), bytes, values.length)
          expect(quantized(runQuantizer(layout, kernel), bytes, values.length)).toEqual(plain)
        }),
        { numRuns: 50 },
      )
    },
  )

  test.each([undefined, kernel])(
    'runQuantizer() gives undefined for a value that is infinite or NaN, wherever it is',
    (given) => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        for (let at = 0; at < 41; at++) {
          const values = new Float32Array(41).fill(1)
          values[at] = bad
          const quantizer = runQuantizer(
            { sourceDtype: 'float32', dtype: 'int8', runLength: 41, capacity: 41 },
            given,
          )
          expect(quantized(quantizer, new Uint8Array(values.buffer), 41)).toBe(undefined)
        }
    },
  )
})

describe('WeightKernel', () => {
  test.each(['float16', 'bfloat16'] as const)(
    'WeightKernel widens every code of %s to the value that it stands for',
    (dtype) => {
      const codes = Uint16Array.from({ length: 2 ** 16 }, (_, code) => code)
      const expected = toFloat32(new HostArray(dtype, [codes.length], new Uint8Array(codes.buffer)))
      const [from = 0, to = 0] = kernel?.reserve([codes.byteLength, codes.length * 4]) ?? []
      kernel?.bytes(from, codes.byteLength).set(new Uint8Array(codes.buffer))
      const { widenFloat16, widenBfloat16 } = kernel?.functions ?? {}
      const widen = dtype === 'float16' ? widenFloat16 : widenBfloat16
      widen?.(from, codes.length, to)
      expect(kernel?.floats(to, codes.length)).toEqual(expected)
    },
  )

  test('WeightKernel.reserve() gives undefined for more than there are addresses', () => {
    expect(WeightKernel.create()?.reserve([2 ** 32])).toBe(undefined)
  })
})
