import { describe, expect, test } from 'vitest'
import { attributesKey, formatAttribute } from './attributes.ts'
import { addDims, symbol } from './dim.ts'

describe('attributesKey()', () => {
  test('attributesKey() is equal for equal arguments', () => {
    const make = () => ({
      size: [2, addDims(symbol('s'), 1)],
      dim: null,
      approximate: 'none',
      keepdim: false,
    })
    expect(attributesKey(make())).toBe(attributesKey(make()))
    expect(attributesKey(make())).toBe(',size=[2, s + 1],dim=null,approximate="none",keepdim=false')
  })

  test('attributesKey() tells apart numbers that JSON writes alike', () => {
    const values = [
      0,
      -0,
      null,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      '0',
      's',
      symbol('s'),
    ]
    expect(new Set(values.map((value) => attributesKey({ value }))).size).toBe(values.length)
    expect(new Set(values.map((value) => attributesKey({ value: [value] }))).size).toBe(values.length)
  })

  test('attributesKey() tells lists of different depth apart', () => {
    expect(attributesKey({ a: [[1, 2]] })).not.toBe(attributesKey({ a: [1, 2] }))
  })
})

test('formatAttribute() writes an argument as listings show it', () => {
  expect(formatAttribute([1, symbol('s'), [true, null]])).toBe('[1, s, [true, null]]')
  expect(formatAttribute('tanh')).toBe('"tanh"')
  expect(formatAttribute(0.5)).toBe('0.5')
})
