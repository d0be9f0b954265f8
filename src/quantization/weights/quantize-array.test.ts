import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { symmetricZeroPoint } from '../../ops/quantization/range-to-qparams.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { QuantizationSpec } from '../spec/quantization-spec.ts'
import { dequantizeArray, quantizeArray } from './quantize-array.ts'

const row = (values: readonly number[]) => fromValues('float32', [values.length], values)

describe('quantizeArray()', () => {
  test('quantizeArray() rounds half to even, saturates, and makes NaN 0', () => {
    const q = quantizeArray(
      row([0.5, 1.5, -0.5, 200, -200, Number.NaN]),
      { scale: row([1]) },
      new QuantizationSpec(),
    )
    expect(q.dtype).toBe('int8')
    expect(Array.from(toTypedArray(q), Number)).toEqual([0, 2, 0, 127, -128, 0])
  })

  test('quantizeArray() takes zero points, or minvals when the spec says so', () => {
    const spec = new QuantizationSpec({ dtype: 'uint8', qscheme: 'asymmetric' })
    const zeroPoint = fromValues('int32', [1], [3])
    expect(
      Array.from(toTypedArray(quantizeArray(row([1, -5]), { scale: row([0.5]), zeroPoint }, spec)), Number),
    ).toEqual([5, 0])
    const qparams = { scale: row([0.5]), minval: row([-1]) }
    const byMinval = spec.with({ qformulation: 'minval' })
    const q = quantizeArray(row([-1, 0.25, 1000]), qparams, byMinval)
    expect(Array.from(toTypedArray(q), Number)).toEqual([0, 2, 255])
    expect(Array.from(toFloat32(dequantizeArray(q, qparams, byMinval)))).toEqual([-1, 0, 126.5])
  })

  test('quantizeArray() finds the blocks from the shapes', () => {
    const values = fromValues('float32', [2, 4], [1, 2, 3, 4, 5, 6, 7, 8])
    const scale = fromValues('float32', [2, 2], [1, 0.5, 2, 4])
    const q = quantizeArray(values, { scale }, new QuantizationSpec())
    expect(Array.from(toTypedArray(q), Number)).toEqual([1, 2, 6, 8, 2, 3, 2, 2])
    const byColumn = { scale: fromValues('float32', [1, 4], [1, 2, 4, 8]) }
    expect(Array.from(toTypedArray(quantizeArray(values, byColumn, new QuantizationSpec())), Number)).toEqual(
      [1, 1, 1, 0, 5, 3, 2, 1],
    )
  })

  test('quantizeArray() gives codes of fp8, for fp4 those of its values', () => {
    const fp4 = new QuantizationSpec({ dtype: 'float4_e2m1fn' })
    const q = quantizeArray(row([5, -0.2, 100]), { scale: row([1]) }, fp4)
    expect(q.dtype).toBe('float8_e4m3fn')
    expect(Array.from(toFloat32(q))).toEqual([4, -0, 6])
    expect(Array.from(toFloat32(dequantizeArray(q, { scale: row([2]) }, fp4)))).toEqual([8, -0, 12])
  })

  test('dequantizeArray() gives back what quantizeArray() took, within half a step', () => {
    const fractions = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 })
    const dtypes = fc.constantFrom('int8', 'uint8', 'int4', 'uint4', 'int2' as const)
    fc.assert(
      fc.property(fractions, dtypes, (list, dtype) => {
        const spec = new QuantizationSpec({ dtype })
        const zeroPoint = symmetricZeroPoint(spec.quantMin, spec.quantMax)
        const scale = 0.37
        const values = list.map(
          (fraction) => (spec.quantMin - zeroPoint + fraction * (spec.quantMax - spec.quantMin)) * scale,
        )
        const qparams = { scale: row([scale]) }
        const back = toFloat32(dequantizeArray(quantizeArray(row(values), qparams, spec), qparams, spec))
        const errors = values.map((value, i) => Math.abs((back[i] ?? 0) - value))
        expect(Math.max(...errors)).toBeLessThanOrEqual(scale * 0.50001)
      }),
    )
  })
})

describe('quantizeArray() in the kernel', () => {
  const COUNT = 400
  const listOf = (entry: fc.Arbitrary<number>) => fc.array(entry, { minLength: COUNT, maxLength: COUNT })
  const numbers = listOf(
    fc.oneof(
      fc.float({ min: -300, max: 300 }),
      fc.float(),
      fc.constantFrom(0.5, 1.5, -2.5, -0, 2 ** -140, Number.NaN, Number.NEGATIVE_INFINITY, 3e38),
    ),
  )
  const scales = listOf(
    fc.oneof(fc.float({ min: Math.fround(0.01), max: 4 }), fc.constantFrom(0, 1, 2 ** -23, Number.NaN)),
  )

  test.each(['int8', 'uint8', 'int4', 'uint4', 'uint2'] as const)(
    'quantizeArray() gives of many rows what it gives of each one alone, which is too short for the kernel: %s',
    (dtype) => {
      const offsets = fc.constantFrom(0, 3, -128, 255, 2 ** 21)
      fc.assert(
        fc.property(numbers, scales, fc.integer({ min: 1, max: 99 }), offsets, fc.boolean(), (...drawn) => {
          const [values, rowScales, length, offset, byMinval] = drawn
          const spec = new QuantizationSpec({ dtype, qformulation: byMinval ? 'minval' : 'zp' })
          const codesOf = (first: number, rows: number) => {
            const constant = new Array<number>(rows).fill(offset)
            const qparams = {
              scale: fromValues('float32', [rows, 1], rowScales.slice(first, first + rows)),
              zeroPoint: byMinval ? null : fromValues('int32', [rows, 1], constant),
              minval: byMinval ? fromValues('float32', [rows, 1], constant) : null,
            }
            const part = values.slice(first * length, (first + rows) * length)
            const q = quantizeArray(fromValues('float32', [rows, length], part), qparams, spec)
            return Array.from(toTypedArray(q), Number)
          }
          const rows = Math.floor(COUNT / length)
          expect(codesOf(0, rows)).toEqual(Array.from({ length: rows }, (_, i) => codesOf(i, 1)).flat())
        }),
      )
    },
  )

  test('quantizeArray() quantizes a run that is longer than the memory of the kernel', () => {
    const values = Float32Array.from({ length: 150_001 }, (_, i) => (i % 2003) / 7 - 140)
    const together = quantizeArray(
      fromTypedArray(values, [values.length]),
      { scale: row([1.3]) },
      new QuantizationSpec(),
    )
    const expected = values.map((value) => {
      const steps = Math.fround(value / Math.fround(1.3))
      return Math.min(Math.max(steps + 1.5 * 2 ** 52 - 1.5 * 2 ** 52, -128), 127)
    })
    expect(Array.from(toTypedArray(together), Number)).toEqual(Array.from(expected, (code) => code + 0))
  })
})

describe('quantizeArray() with hostile values', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number
  const numbersOf = (array: ReturnType<typeof quantizeArray>) => Array.from(toTypedArray(array), Number)

  test('quantizeArray() clamps infinities, and takes denormals for 0', () => {
    const values = row([infinity, -infinity, 1e-45, -1e-45])
    expect(numbersOf(quantizeArray(values, { scale: row([0.5]) }, new QuantizationSpec()))).toEqual([
      127, -128, 0, 0,
    ])
  })

  test('quantizeArray() keeps NaN in floats and makes it 0 in integers, whatever the scale', () => {
    const fp8 = new QuantizationSpec({ dtype: 'float8_e4m3fn' })
    expect(
      Array.from(toFloat32(quantizeArray(row([nan, infinity, -infinity]), { scale: row([1]) }, fp8))),
    ).toEqual([nan, 448, -448])
    const values = row([nan, 1, -1, 0])
    for (const scale of [nan, infinity])
      expect(numbersOf(quantizeArray(values, { scale: row([scale]) }, new QuantizationSpec()))).toEqual([
        0, 0, 0, 0,
      ])
  })

  test('quantizeArray() takes an array without elements, and one with a single value', () => {
    const empty = fromValues('float32', [0, 4], [])
    const scale = fromValues('float32', [1, 1], [1])
    const q = quantizeArray(empty, { scale }, new QuantizationSpec())
    expect([q.dtype, q.shape, numbersOf(q)]).toEqual(['int8', [0, 4], []])
    expect(dequantizeArray(q, { scale }, new QuantizationSpec()).shape).toEqual([0, 4])
    const one = fromValues('float32', [], [-3])
    expect(
      numbersOf(quantizeArray(one, { scale: fromValues('float32', [], [2]) }, new QuantizationSpec())),
    ).toEqual([-2])
  })

  test('quantizeArray() refuses scales that do not divide the array', () => {
    const values = fromValues('float32', [2, 5], new Array(10).fill(1))
    const scale = fromValues('float32', [2, 2], [1, 1, 1, 1])
    const error = new ShapeError(
      'Cannot divide [2, 5] into blocks: expected scales whose sizes divide it, got [2, 2]',
    )
    expect(() => quantizeArray(values, { scale }, new QuantizationSpec())).toThrow(error)
    expect(() => dequantizeArray(values, { scale }, new QuantizationSpec())).toThrow(error)
  })

  test('quantizeArray() refuses scales of another rank, and qparams of another number than the scales', () => {
    const values = fromValues('float32', [2, 4], new Array(8).fill(1))
    const spec = new QuantizationSpec({ dtype: 'uint8', qscheme: 'asymmetric' })
    expect(() => quantizeArray(values, { scale: row([1, 1]) }, spec)).toThrow(
      new ShapeError('Cannot divide [2, 4] into blocks: expected scales whose sizes divide it, got [2]'),
    )
    const qparams = { scale: fromValues('float32', [2, 1], [1, 1]), zeroPoint: fromValues('int32', [1], [0]) }
    expect(() => quantizeArray(values, qparams, spec)).toThrow(
      new ShapeError(
        'Cannot quantize with zero points of shape [1]: expected one for each scale, got scales of shape [2, 1]',
      ),
    )
  })
})
