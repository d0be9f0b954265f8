import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { symmetricScaleOf } from '../../ops/quantization/range-to-qparams.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { unpackSigned } from '../../tensor/sub-byte.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { quantizeArray } from './quantize-array.ts'
import { quantizeRuns, type RunDType } from './quantize-runs.ts'

/** The same by the plain way: a scale for each run, then `quantizeArray`. */
function plainly(values: Float32Array, runLength: number, dtype: RunDType) {
  const quantMax = dtype === 'int8' ? 127 : 7
  const count = values.length / runLength
  const scales = Float32Array.from({ length: count }, (_, run) => {
    const magnitudes = values.subarray(run * runLength, (run + 1) * runLength).map(Math.abs)
    return symmetricScaleOf(Math.max(...magnitudes), -quantMax - 1, quantMax)
  })
  const array = fromTypedArray(values, [count, runLength])
  const qparams = { scale: fromTypedArray(scales, [count, 1]) }
  return { scales, codes: toTypedArray(quantizeArray(array, qparams, new QuantizationSpec({ dtype }))) }
}

describe('quantizeRuns()', () => {
  test.each<[RunDType, number]>([
    ['int8', 5],
    ['int8', 32],
    ['int4', 32],
    ['int4', 5],
  ])('quantizeRuns() gives what quantizeArray() gives: %s in runs of %i', (dtype, runLength) => {
    const value = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
      fc.constantFrom(0, -0, 0.5, 1.5, 127.5, -127.5, 7.5, -7.5, 2 ** -149),
    )
    const runs = fc.array(fc.array(value, { minLength: runLength, maxLength: runLength }), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(runs, (lists) => {
        const values = Float32Array.from(lists.flat())
        const expected = plainly(values, runLength, dtype)
        const got = quantizeRuns(values, runLength, dtype)
        const codes =
          dtype === 'int8'
            ? new Int8Array(got?.codes.buffer ?? new ArrayBuffer(0))
            : unpackSigned(got?.codes ?? new Uint8Array(), values.length, 4)
        expect([Array.from(codes), got?.scales]).toEqual([
          Array.from(expected.codes, Number),
          expected.scales,
        ])
      }),
    )
  })

  test('quantizeRuns() says when a value is infinite or NaN', () => {
    expect(quantizeRuns(Float32Array.of(1, Number.NaN), 2, 'int8')).toBe(undefined)
    expect(quantizeRuns(Float32Array.of(1, Number.NEGATIVE_INFINITY), 1, 'int4')).toBe(undefined)
  })
})
