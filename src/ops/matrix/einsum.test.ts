import { describe, expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { einsum } from './einsum.ts'
import { asProduct, parseEinsum } from './einsum-equation.ts'

describe('parseEinsum()', () => {
  test.each([
    ['ij,jk', [2, 2], ['ij', 'jk'], 'ik'],
    ['ba,ca', [2, 2], ['ba', 'ca'], 'bc'],
    [' i j , j ->', [2, 1], ['ij', 'j'], ''],
    ['...i,...i', [3, 2], ['ABi', 'Bi'], 'AB'],
    ['A...,A->...A', [3, 1], ['ABC', 'A'], 'BCA'],
    ['...ij->j...', [2], ['ij'], 'j'],
    ['ii', [2], ['ii'], ''],
  ])('parseEinsum() reads %s for ranks %o', (equation, ranks, operands, output) => {
    expect(parseEinsum(equation, ranks)).toEqual({ operands, output })
  })

  test.each([
    ['ij,jk->ik->k', [2, 2], 'expected one "->", got more'],
    ['ij', [2, 2], 'expected 2 terms, one for each tensor, got 1'],
    ['i.j', [2], 'expected letters and at most one "..." in a term, got "i.j"'],
    ['ij->i', [3], 'expected a term for 3 dimensions, got "ij"'],
    ['ij...', [1], 'expected a term for 1 dimensions, got "ij..."'],
    ['ij->ik', [2], 'expected each letter of the output to stand once there and in a term, got "k"'],
    ['ij->ii', [2], 'expected each letter of the output to stand once there and in a term, got "i"'],
  ])('parseEinsum() rejects %s', (equation, ranks, problem) => {
    expect(() => parseEinsum(equation, ranks)).toThrow(
      new RangeError(`Cannot record "aten.einsum": ${problem} ("${equation}")`),
    )
  })
})

describe('asProduct()', () => {
  test.each([
    [['bhqd', 'bhkd'], 'bhqk', { isSwapped: false, transposeA: false, transposeB: true }],
    [['bji', 'bjk'], 'bik', { isSwapped: false, transposeA: true, transposeB: false }],
    [['jk', 'ij'], 'ik', { isSwapped: true, transposeA: false, transposeB: false }],
    [['bij', 'jk'], 'bik', undefined],
    [['i', 'j'], 'ij', undefined],
    [['ij', 'ij'], 'ij', undefined],
    [['ij', 'ij'], '', undefined],
  ])('asProduct() of %o to %s', (operands, output, expected) => {
    expect(asProduct({ operands, output })).toEqual(expected)
  })
})

describe('aten.einsum', () => {
  test('aten.einsum takes the diagonal where a letter stands twice, but does not differentiate it', async () => {
    const x = tensor([1, 2, 3, 4], [2, 2])
    expect(await evaluate(einsum, [x], { equation: 'ii->i' })).toEqual([1, 4])
    expect(await evaluate(einsum, [x], { equation: 'ii' })).toEqual([5])
    await expect(gradientsOf(einsum, [x], { equation: 'ii->i' })).rejects.toThrow(
      new RangeError('Cannot differentiate "aten.einsum": expected each letter once in an operand, got "ii"'),
    )
  })

  test.each([
    [
      'bji,bjk->bik',
      [
        [2, 3, 2],
        [2, 3, 2],
      ],
    ],
    [
      'jk,ij->ik',
      [
        [3, 2],
        [2, 3],
      ],
    ],
    [
      'ij,kj->',
      [
        [2, 3],
        [1, 3],
      ],
    ],
    [
      'ij,ij->i',
      [
        [2, 3],
        [1, 3],
      ],
    ],
    [
      'ij,jk->jik',
      [
        [2, 1],
        [3, 2],
      ],
    ],
    [
      '...i,j...->...',
      [
        [2, 2],
        [3, 1],
      ],
    ],
  ])('aten.einsum has the slopes of finite differences: %s of %o', async (equation, shapes) => {
    const inputs = shapes.map((shape, i) => wave(shape, -1, 1, i))
    await expectSlopes(einsum, inputs, { equation })
  })
})
