import { describe, expect, it } from 'vitest'
import { readSizeExpression, SizeExpressionProblem } from './size-expression.ts'

const S = "Symbol('s77', positive=True, integer=True)"

describe('readSizeExpression()', () => {
  it.each([
    ['Integer(4)', '4'],
    ['-3', '-3'],
    [S, 's77'],
    [`Add(Mul(Integer(2), ${S}), Integer(-1))`, '2*s77 - 1'],
    [`Mul(Integer(2), ${S}, Symbol('s1', integer=True))`, '2*s1*s77'],
    [`Pow(${S}, Integer(2))`, 's77*s77'],
    [`FloorDiv(Add(${S}, Integer(-1)), Integer(2))`, '(s77 + 1)//2 - 1'],
    [`CleanDiv(Mul(Integer(6), ${S}), Integer(3))`, '2*s77'],
  ])('readSizeExpression() reads %s', (text, expected) => {
    expect(String(readSizeExpression(text))).toBe(expected)
  })

  it.each([
    [`Min(Integer(2), ${S})`, 'Min of 2 operands'],
    ['', 'an expression that is cut off'],
    ['Add(Integer(1)', 'an expression that is cut off'],
    ['Add(Integer(1)) 2', 'Add(Integer(1)) 2'],
    ['Add[Integer(1)]', '"[" instead of "("'],
    ['Integer(99999999999999999999)', '99999999999999999999'],
    ['FloorDiv(Integer(1), Integer(0))', 'FloorDiv(Integer(1), Integer(0))'],
    [`Pow(Add(${'abcdefgh'.replaceAll(/./g, "Symbol('$&'), ")}1), Integer(8))`, 'a product of 1485 terms'],
    ["Symbol('a b')", "Symbol('a b')"],
    ['Pow(Integer(2), Integer(1000000))', 'Pow of 2 operands'],
    [`${'Add('.repeat(100)}1${')'.repeat(100)}`, 'an expression nested more than 64 deep'],
    [`Add(${'1, '.repeat(2000)}1)`, 'an expression of 4004 parts'],
  ])('readSizeExpression() says what it cannot read in %s', (text, got) => {
    const problem = readSizeExpression(text)
    expect(problem).toBeInstanceOf(SizeExpressionProblem)
    expect(problem instanceof SizeExpressionProblem && problem.got).toBe(got)
  })
})
