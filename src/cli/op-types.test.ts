import { describe, expect, it } from 'vitest'
import { namesOfOtherTypes } from './op-types.ts'

const OPERATIONS = [
  { name: 'first', type: 'conv2d' },
  { name: 'second', type: 'linear' },
  { name: 'third', type: 'relu' },
]

describe('namesOfOtherTypes()', () => {
  it("takes lowbit's names and ONNX's", () => {
    expect(namesOfOtherTypes(OPERATIONS, ['conv2d'])).toEqual(['second', 'third'])
    expect(namesOfOtherTypes(OPERATIONS, ['Conv', 'Gemm'])).toEqual(['third'])
    expect(namesOfOtherTypes(OPERATIONS, ['Relu'])).toEqual(['first', 'second'])
  })

  it('refuses a type that the model has not, with the nearest that it has', () => {
    expect(() => namesOfOtherTypes(OPERATIONS, ['convd2'])).toThrow(
      'Cannot quantize "convd2" alone: expected a type of operation that the model has, got one that fits none (--op-types-to-quantize)\n' +
        'Hint: did you mean "conv2d"?',
    )
    expect(() => namesOfOtherTypes(OPERATIONS, ['constructor'])).toThrow(
      'Hint: lowbit inspect --ops lists the types',
    )
  })
})
