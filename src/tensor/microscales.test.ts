import { describe, expect, it } from 'vitest'
import { microscales } from './microscales.ts'

describe('microscales()', () => {
  it.each([
    ['float4_e2m1fn_x2', 6, 1],
    ['float4_e2m1fn_x2', 3.99, 0.5],
    ['float8_e4m3fn', 448, 1],
    ['float8_e5m2', 57344, 1],
    ['float8_e4m3fn', 0, 2 ** -126],
    ['float8_e4m3fn', 2 ** -140, 2 ** -126],
    ['float8_e5m2', 2 ** -112, 2 ** -126],
    ['float8_e5m2', 2 ** -110, 2 ** -125],
    ['float4_e2m1fn_x2', Infinity, 2 ** 126],
    ['float8_e4m3fn', Number.NaN, 2 ** 120],
  ] as const)('microscales() for %s and a largest magnitude of %s is %s', (dtype, maxAbs, scale) => {
    expect(microscales(Float32Array.of(maxAbs), dtype)[0]).toBe(scale)
  })
})
