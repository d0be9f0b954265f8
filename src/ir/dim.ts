/**
 * One size of a shape: a number, or an expression over named sizes that are known only when the model runs (a batch, a sequence length).
 * Expressions are kept in a normal form: sums, differences and products that are equal have equal keys, and so have quotients that
 * divide out, that differ by whole multiples of the divisor, or that are quotients of quotients.
 */
export type Dim = number | SymbolicDim

/** Sizes of a value's dimensions, outermost first, some of them possibly symbolic. */
export type Dims = readonly Dim[]

/** What a product is made of: a named size, or a quotient that does not divide out. */
type Factor =
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'floorDiv'; readonly dividend: Dim; readonly divisor: Dim }

interface Term {
  readonly coefficient: number
  /** Sorted by text. */
  readonly factors: readonly Factor[]
}

/** A sum of products of named sizes, with integer coefficients. Build one with `symbol` and the functions of this file. */
export class SymbolicDim {
  /** Terms of the most factors first, the number last. @internal */
  readonly terms: readonly Term[]
  /** Normal form as text: `2*batch*(s//2) - 1`. */
  readonly key: string

  /** @internal */
  constructor(terms: readonly Term[]) {
    this.terms = terms
    this.key = terms.map(termText).join(' + ').replaceAll('+ -', '- ')
  }

  /** The normal form, as listings show it. */
  toString(): string {
    return this.key
  }

  /** The normal form, so that sizes can stand in JSON. */
  toJSON(): string {
    return this.key
  }
}

/**
 * A size known only by name.
 * @throws RangeError for a name that is not made of letters, digits, underscores and dots
 */
export function symbol(name: string): SymbolicDim {
  if (!/^[A-Za-z_][\w.]*$/.test(name)) {
    throw new RangeError(
      `Cannot name a size "${name}": expected a letter and then letters, digits, _ or ., got "${name}"`,
    )
  }
  return new SymbolicDim([{ coefficient: 1, factors: [{ kind: 'symbol', name }] }])
}

/** Sum. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  return normalize([...termsOf(a), ...termsOf(b)])
}

/** Difference `a - b`. */
export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, mulDims(b, -1))
}

/** Product, multiplied out. */
export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b + 0
  const products = termsOf(a).flatMap((x) =>
    termsOf(b).map((y) => ({
      coefficient: x.coefficient * y.coefficient,
      factors: [...x.factors, ...y.factors].sort(byText),
    })),
  )
  return normalize(products)
}

/**
 * Quotient rounded toward negative infinity; what divides out is taken out (`(2*s + 3)//2` is `s + 1`).
 * @throws RangeError for the divisor 0
 */
export function floorDivDims(a: Dim, b: Dim): Dim {
  if (b === 0) throw new RangeError(`Cannot divide the size "${a}": expected a divisor other than 0, got 0`)
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b) + 0
  if (leadOf(b).coefficient < 0) return floorDivDims(mulDims(a, -1), mulDims(b, -1))
  const { quotient, rest } = divide(a, b)
  return addDims(quotient, properQuotient(rest, b))
}

/** `a / b` when it is exact for every value of the symbols, else undefined. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  if (b === 0) return undefined
  const { quotient, rest } = divide(a, b)
  return rest === 0 ? quotient : undefined
}

/** Whether two sizes are equal for every value of their symbols. */
export function dimsEqual(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b
  return a.key === b.key
}

/** Whether two shapes are equal for every value of their symbols. */
export function sameDims(a: Dims, b: Dims): boolean {
  return a === b || (a.length === b.length && a.every((dim, i) => dimsEqual(dim, b[i] ?? 0)))
}

/** Number of elements of a shape. */
export function sizeOfDims(dims: Dims): Dim {
  return dims.reduce<Dim>(mulDims, 1)
}

/**
 * Value of a size once its symbols are known.
 * @throws RangeError when a symbol has no value, or a divisor is 0
 */
export function evaluateDim(dim: Dim, symbols: ReadonlyMap<string, number>): number {
  if (typeof dim === 'number') return dim
  let sum = 0
  for (const { coefficient, factors } of dim.terms) {
    sum += factors.reduce((product, factor) => product * evaluateFactor(factor, symbols), coefficient)
  }
  return sum
}

/**
 * The value of the only symbol of a size, where the size is a multiple of it plus a number: `2*s + 1` is 7 for `s` 3. Undefined where it is not, or
 * no whole number gives the value.
 */
export function solveDim(dim: SymbolicDim, value: number): { name: string; value: number } | undefined {
  const [term, constant, ...others] = dim.terms
  const [factor, ...more] = term?.factors ?? []
  if (term === undefined || factor?.kind !== 'symbol' || more.length + others.length > 0) return undefined
  if (constant !== undefined && constant.factors.length > 0) return undefined
  const solution = (value - (constant?.coefficient ?? 0)) / term.coefficient
  return Number.isInteger(solution) ? { name: factor.name, value: solution } : undefined
}

/** Names of the symbols that a size depends on. */
export function symbolsOf(dim: Dim, into: Set<string> = new Set()): Set<string> {
  for (const factor of typeof dim === 'number' ? [] : dim.terms.flatMap(({ factors }) => factors)) {
    if (factor.kind === 'symbol') into.add(factor.name)
    else symbolsOf(factor.divisor, symbolsOf(factor.dividend, into))
  }
  return into
}

/** Whether every size is a number. */
export function isConcrete(dims: Dims): dims is readonly number[] {
  return dims.every((dim) => typeof dim === 'number')
}

/** `[2, 3, s0]`, as shapes stand in messages and listings. */
export function formatDims(dims: Dims): string {
  return `[${dims.join(', ')}]`
}

function evaluateFactor(factor: Factor, symbols: ReadonlyMap<string, number>): number {
  if (factor.kind === 'floorDiv') {
    return floorDivNumbers(evaluateDim(factor.dividend, symbols), evaluateDim(factor.divisor, symbols))
  }
  const value = symbols.get(factor.name)
  if (value === undefined)
    throw new RangeError(`Cannot evaluate the size "${factor.name}": expected a value for it, got none`)
  return value
}

function floorDivNumbers(a: number, b: number): number {
  return Number(floorDivDims(a, b))
}

/** Polynomial division: `a` is `quotient * b + rest`, and no term of the rest can be divided further. */
function divide(a: Dim, b: Dim): { quotient: Dim; rest: Dim } {
  const lead = leadOf(b)
  let open = a
  let quotient: Dim = 0
  let rest: Dim = 0
  while (open !== 0) {
    const first = leadOf(open)
    const part = divideTerm(first, lead)
    if (part === 0) {
      rest = addDims(rest, normalize([first]))
      open = subDims(open, normalize([first]))
    } else {
      quotient = addDims(quotient, part)
      open = subDims(open, mulDims(part, b))
    }
  }
  return { quotient, rest }
}

/** How often one term goes into another as a whole; 0 when it does not. */
function divideTerm(a: Term, b: Term): Dim {
  const coefficient =
    b.coefficient > 0 ? Math.floor(a.coefficient / b.coefficient) : Math.trunc(a.coefficient / b.coefficient)
  const factors = [...a.factors]
  for (const factor of b.factors) {
    const at = factors.findIndex((other) => factorText(other) === factorText(factor))
    if (at < 0) return 0
    factors.splice(at, 1)
  }
  return normalize([{ coefficient, factors }])
}

/** Quotient of a rest that `divide` left. */
function properQuotient(rest: Dim, divisor: Dim): Dim {
  if (rest === 0 || (typeof rest === 'number' && typeof divisor === 'number')) return 0
  const common = commonFactor(rest, divisor)
  if (common > 1) return floorDivDims(shrink(rest, common), shrink(divisor, common))
  const nested = typeof divisor === 'number' ? termsOf(rest).find(isPlainQuotient) : undefined
  const [inner] = nested?.factors ?? []
  if (nested !== undefined && inner?.kind === 'floorDiv') {
    const others = subDims(rest, normalize([nested]))
    const dividend = addDims(inner.dividend, mulDims(others, inner.divisor))
    return floorDivDims(dividend, mulDims(inner.divisor, divisor))
  }
  return new SymbolicDim([{ coefficient: 1, factors: [{ kind: 'floorDiv', dividend: rest, divisor }] }])
}

/** The number that both sides of a quotient can be divided by. Over a number, the dividend's own number is rounded down and does not count. */
function commonFactor(dividend: Dim, divisor: Dim): number {
  const counting = termsOf(dividend).filter(
    ({ factors }) => factors.length > 0 || typeof divisor !== 'number',
  )
  return [...termsOf(divisor), ...counting].reduce((gcd, { coefficient }) => gcdOf(gcd, coefficient), 0)
}

function isPlainQuotient({ coefficient, factors }: Term): boolean {
  const [only] = factors
  return (
    coefficient === 1 && factors.length === 1 && only?.kind === 'floorDiv' && typeof only.divisor === 'number'
  )
}

function shrink(dim: Dim, by: number): Dim {
  return normalize(
    termsOf(dim).map(({ coefficient, factors }) => ({ coefficient: Math.floor(coefficient / by), factors })),
  )
}

function gcdOf(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : gcdOf(b, a % b)
}

function termsOf(dim: Dim): readonly Term[] {
  return typeof dim === 'number' ? [{ coefficient: dim, factors: [] }] : dim.terms
}

function leadOf(dim: Dim): Term {
  return termsOf(dim)[0] ?? { coefficient: 0, factors: [] }
}

function normalize(terms: readonly Term[]): Dim {
  const byProduct = new Map<string, Term>()
  for (const { coefficient, factors } of terms) {
    const key = factors.map(factorText).join('*')
    byProduct.set(key, { coefficient: (byProduct.get(key)?.coefficient ?? 0) + coefficient, factors })
  }
  const kept = [...byProduct.values()].filter(({ coefficient }) => coefficient !== 0).sort(byDegree)
  const [only] = kept
  if (only === undefined) return 0
  return kept.length === 1 && only.factors.length === 0 ? only.coefficient : new SymbolicDim(kept)
}

/** An order of products that multiplication keeps, as division needs it: more factors first, then factor by factor. */
function byDegree(a: Term, b: Term): number {
  if (a.factors.length !== b.factors.length) return b.factors.length - a.factors.length
  for (const [i, factor] of a.factors.entries()) {
    const other = b.factors[i]
    const order = other === undefined ? 0 : byText(factor, other)
    if (order !== 0) return order
  }
  return 0
}

/** Names before quotients. */
function byText(a: Factor, b: Factor): number {
  if (a.kind !== b.kind) return a.kind === 'symbol' ? -1 : 1
  const [x, y] = [factorText(a), factorText(b)]
  return x < y ? -1 : x > y ? 1 : 0
}

function termText({ coefficient, factors }: Term): string {
  if (factors.length === 0) return String(coefficient)
  const alone = factors.length === 1 && coefficient === 1
  const texts = factors.map((factor) => {
    const text = factorText(factor)
    return alone || factor.kind === 'symbol' ? text : `(${text})`
  })
  const product = texts.join('*')
  return coefficient === 1 ? product : coefficient === -1 ? `-${product}` : `${coefficient}*${product}`
}

function factorText(factor: Factor): string {
  return factor.kind === 'symbol'
    ? factor.name
    : `${operandText(factor.dividend)}//${operandText(factor.divisor)}`
}

function operandText(dim: Dim): string {
  const text = String(dim)
  return /^[\w.]+$/.test(text) ? text : `(${text})`
}
