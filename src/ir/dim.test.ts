import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDims,
  type Dim,
  dimsEqual,
  divideExactly,
  evaluateDim,
  floorDivDims,
  formatDims,
  isConcrete,
  mulDims,
  sizeOfDims,
  solveDim,
  subDims,
  symbol,
  symbolsOf,
} from './dim.ts'

const NAMES = ['batch', 's', 't'] as const
const [batch, s, t] = [symbol('batch'), symbol('s'), symbol('t')]

/** A size with the arithmetic it stands for. */
interface Expression {
  readonly dim: Dim
  compute(symbols: ReadonlyMap<string, number>): number
}

const number = fc.integer({ min: -9, max: 9 })
const symbols = fc
  .tuple(...NAMES.map(() => fc.integer({ min: -40, max: 40 })))
  .map((values) => new Map(NAMES.map((name, i) => [name as string, values[i] ?? 0])))

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  number.map((value) => ({ dim: value, compute: () => value })),
  fc.constantFrom(...NAMES).map((name) => ({
    dim: symbol(name),
    compute: (map: ReadonlyMap<string, number>) => map.get(name) ?? Number.NaN,
  })),
)

function combine(
  inner: fc.Arbitrary<Expression>,
  build: (a: Dim, b: Dim) => Dim,
  compute: (a: number, b: number) => number,
): fc.Arbitrary<Expression> {
  return fc.tuple(inner, inner).map(([a, b]) => ({
    dim: build(a.dim, b.dim),
    compute: (map) => compute(a.compute(map), b.compute(map)),
  }))
}

const ring = (inner: fc.Arbitrary<Expression>) => [
  combine(inner, addDims, (a, b) => a + b),
  combine(inner, subDims, (a, b) => a - b),
  combine(inner, mulDims, (a, b) => a * b),
]

const quotient = (inner: fc.Arbitrary<Expression>) =>
  fc
    .tuple(
      inner,
      fc.integer({ min: -6, max: 6 }).filter((b) => b !== 0),
    )
    .map(
      ([a, b]): Expression => ({
        dim: floorDivDims(a.dim, b),
        compute: (map) => Math.floor(a.compute(map) / b),
      }),
    )

const polynomial: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, leaf, ...ring(tie('node'))),
})).node

const expression: fc.Arbitrary<Expression> = fc.letrec<{ node: Expression }>((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, leaf, quotient(tie('node')), ...ring(tie('node'))),
})).node

describe('evaluateDim()', () => {
  test('evaluateDim() agrees with arithmetic on numbers, quotients of negative sizes included', () => {
    fc.assert(
      fc.property(expression, symbols, ({ dim, compute }, map) => evaluateDim(dim, map) === compute(map)),
      {
        numRuns: 2000,
      },
    )
  })

  test('evaluateDim() agrees with arithmetic for divisors that are symbolic', () => {
    const divided = fc.property(polynomial, polynomial, symbols, (a, b, map) => {
      fc.pre(b.dim !== 0 && b.compute(map) !== 0)
      return evaluateDim(floorDivDims(a.dim, b.dim), map) === Math.floor(a.compute(map) / b.compute(map))
    })
    fc.assert(divided, { numRuns: 2000 })
  })

  test('evaluateDim() names the symbol that has no value', () => {
    expect(() => evaluateDim(addDims(s, 1), new Map([['batch', 2]]))).toThrow(
      new RangeError('Cannot evaluate the size "s": expected a value for it, got none'),
    )
  })

  test('evaluateDim() rejects a divisor that becomes 0', () => {
    expect(() => evaluateDim(floorDivDims(7, s), new Map([['s', 0]]))).toThrow(
      new RangeError('Cannot divide the size "7": expected a divisor other than 0, got 0'),
    )
  })
})

describe('dimsEqual()', () => {
  test('dimsEqual() holds for sums and products that are equal for every value, and for no others', () => {
    const points = [3, 5, 1009, -7].map(
      (p) =>
        new Map([
          ['batch', p],
          ['s', p * p + 1],
          ['t', 31 * p + 2],
        ]),
    )
    const agree = fc.property(polynomial, polynomial, (a, b) => {
      const difference = subDims(a.dim, b.dim)
      const everywhere = points.every((map) => evaluateDim(difference, map) === 0)
      return dimsEqual(a.dim, b.dim) === (difference === 0) && (difference === 0) === everywhere
    })
    fc.assert(agree, { numRuns: 1000 })
  })

  test('dimsEqual() does not depend on the order in which a size is built', () => {
    const laws = fc.property(expression, expression, expression, ({ dim: a }, { dim: b }, { dim: c }) => {
      expect(String(addDims(a, b))).toBe(String(addDims(b, a)))
      expect(String(mulDims(a, b))).toBe(String(mulDims(b, a)))
      expect(String(addDims(addDims(a, b), c))).toBe(String(addDims(a, addDims(b, c))))
      expect(String(mulDims(a, addDims(b, c)))).toBe(String(addDims(mulDims(a, b), mulDims(a, c))))
    })
    fc.assert(laws)
  })

  test('dimsEqual() tells a number from a name', () => {
    expect(dimsEqual(2, s)).toBe(false)
    expect(dimsEqual(2, 2)).toBe(true)
    expect(dimsEqual(s, symbol('s'))).toBe(true)
  })
})

describe('floorDivDims()', () => {
  test('floorDivDims() of a product by one of its factors is the other factor', () => {
    const exact = fc.property(expression, expression, ({ dim: a }, { dim: b }) => {
      fc.pre(b !== 0)
      expect(String(floorDivDims(mulDims(a, b), b))).toBe(String(a))
      expect(String(divideExactly(mulDims(a, b), b))).toBe(String(a))
    })
    fc.assert(exact)
  })

  test('floorDivDims() takes whole multiples of the divisor out', () => {
    const shifted = fc.property(
      expression,
      expression,
      fc.integer({ min: 1, max: 7 }),
      ({ dim: a }, { dim: b }, n) => {
        const left = floorDivDims(addDims(a, mulDims(b, n)), n)
        expect(String(left)).toBe(String(addDims(floorDivDims(a, n), b)))
      },
    )
    fc.assert(shifted)
  })

  test.each([
    [floorDivDims(addDims(mulDims(s, 5), -1), 2), '2*s + (s + 1)//2 - 1'],
    [floorDivDims(floorDivDims(s, 2), 3), 's//6'],
    [floorDivDims(addDims(floorDivDims(subDims(s, 1), 2), 2), 2), '(s + 3)//4'],
    [floorDivDims(addDims(mulDims(s, 2), 3), 4), '(s + 1)//2'],
    [floorDivDims(s, -2), '-s + s//2'],
    [floorDivDims(addDims(mulDims(s, t), 1), s), 't + 1//s'],
    [floorDivDims(addDims(mulDims(s, 2), 2), mulDims(t, 4)), '(s + 1)//(2*t)'],
  ])('floorDivDims() reduces a quotient: %s', (dim, text) => {
    expect(String(dim)).toBe(text)
  })

  test('floorDivDims() rejects the divisor 0', () => {
    expect(() => floorDivDims(s, 0)).toThrow(
      new RangeError('Cannot divide the size "s": expected a divisor other than 0, got 0'),
    )
  })

  test('floorDivDims() and mulDims() of numbers never give -0', () => {
    expect(floorDivDims(0, -3)).toBe(0)
    expect(mulDims(0, -3)).toBe(0)
  })
})

describe('divideExactly()', () => {
  test('divideExactly() divides by sums', () => {
    const tokens = addDims(s, 1)
    expect(String(divideExactly(sizeOfDims([batch, tokens, 12, 64]), mulDims(batch, tokens)))).toBe('768')
  })

  test('divideExactly() is undefined where the quotient is not whole for every value', () => {
    expect(divideExactly(s, 2)).toBeUndefined()
    expect(divideExactly(addDims(s, 1), s)).toBeUndefined()
    expect(divideExactly(7, 2)).toBeUndefined()
    expect(divideExactly(0, 0)).toBeUndefined()
  })

  test('divideExactly() gives back what was multiplied, by negative numbers too', () => {
    expect(divideExactly(mulDims(s, -6), -3)).toEqual(mulDims(s, 2))
    expect(divideExactly(-6, 3)).toBe(-2)
    expect(divideExactly(7, -2)).toBeUndefined()
  })
})

test('symbol() rejects a name that could be read as an expression', () => {
  expect(() => symbol('s + 1')).toThrow(
    new RangeError(
      'Cannot name a size "s + 1": expected a letter and then letters, digits, _ or ., got "s + 1"',
    ),
  )
})

test('symbolsOf() finds the names inside of quotients', () => {
  expect(symbolsOf(addDims(floorDivDims(s, t), mulDims(batch, 2)))).toEqual(new Set(['batch', 's', 't']))
  expect(symbolsOf(3)).toEqual(new Set())
})

test('SymbolicDim prints highest products first, and as JSON the same text', () => {
  const dim = addDims(subDims(mulDims(mulDims(batch, s), 2), mulDims(floorDivDims(s, 2), 3)), -1)
  expect(String(dim)).toBe('2*batch*s - 3*(s//2) - 1')
  expect(JSON.stringify(dim)).toBe('"2*batch*s - 3*(s//2) - 1"')
})

test('formatDims() writes a shape as messages show it', () => {
  expect(formatDims([2, addDims(s, 1), 3])).toBe('[2, s + 1, 3]')
})

test('isConcrete() tells whether all sizes are numbers', () => {
  expect(isConcrete([2, 3])).toBe(true)
  expect(isConcrete([2, s])).toBe(false)
})

test('sizeOfDims() is 1 for a scalar', () => {
  expect(sizeOfDims([])).toBe(1)
  expect(String(sizeOfDims([2, s, 3]))).toBe('6*s')
})

test('solveDim() gives the only symbol of a multiple plus a number', () => {
  const dim = addDims(mulDims(s, 2), 1)
  expect(solveDim(Object(dim), 7)).toEqual({ name: 's', value: 3 })
  expect(solveDim(Object(dim), 8)).toBeUndefined()
  expect(solveDim(s, 5)).toEqual({ name: 's', value: 5 })
  expect(solveDim(Object(addDims(s, t)), 5)).toBeUndefined()
  expect(solveDim(Object(mulDims(s, t)), 5)).toBeUndefined()
  expect(solveDim(Object(floorDivDims(s, 2)), 5)).toBeUndefined()
})
