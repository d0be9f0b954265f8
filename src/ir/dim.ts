/**
 * One size of a shape: a number, or an expression over named sizes that are known only when the model runs (a batch, a sequence length).
 * Expressions are kept in one normal form, so that equal expressions have equal keys.
 */
export type Dim = number | SymbolicDim

/** Sizes of a value's dimensions, outermost first, some of them possibly symbolic. */
export type Dims = readonly Dim[]

/** What a product is made of: a named size, or a quotient that does not divide out. */
type Factor =
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'floorDiv'; readonly dividend: SymbolicDim; readonly divisor: Dim }

interface Term {
  readonly coefficient: number
  readonly factors: readonly Factor[]
}

/** A sum of products of named sizes, with integer coefficients. Build one with `symbol` and the functions of this file. */
export class SymbolicDim {
  /** Terms sorted by key; the key of a term without factors is ''. */
  readonly terms: readonly Term[]
  /** Normal form as text: equal for equal expressions. */
  readonly key: string

  constructor(terms: readonly Term[]) {
    this.terms = terms
    this.key = terms.map(termText).join(' + ')
  }

  toString(): string {
    return this.key
  }

  toJSON(): string {
    return this.key
  }
}

/** A size known only by name. */
export function symbol(name: string): SymbolicDim {
  return new SymbolicDim([{ coefficient: 1, factors: [{ kind: 'symbol', name }] }])
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  return normalize([...termsOf(a), ...termsOf(b)])
}

export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, mulDims(b, -1))
}

export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const terms: Term[] = []
  for (const x of termsOf(a)) {
    for (const y of termsOf(b)) {
      terms.push({ coefficient: x.coefficient * y.coefficient, factors: [...x.factors, ...y.factors].sort(byText) })
    }
  }
  return normalize(terms)
}

/** Quotient rounded toward negative infinity; exact quotients are simplified (`2*s // 2` is `s`). */
export function floorDivDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b)
  if (b === 1) return a
  const exact = divideExactly(a, b)
  if (exact !== undefined) return exact
  if (typeof b === 'number') {
    const whole: Term[] = []
    const rest: Term[] = []
    for (const term of termsOf(a)) {
      const quotient = Math.floor(term.coefficient / b)
      if (term.factors.length === 0 && term.coefficient !== quotient * b) {
        if (quotient !== 0) whole.push({ coefficient: quotient, factors: [] })
        rest.push({ coefficient: term.coefficient - quotient * b, factors: [] })
      } else if (term.coefficient % b === 0) whole.push({ ...term, coefficient: term.coefficient / b })
      else rest.push(term)
    }
    const remainder = normalize(rest)
    const quotient: Factor = { kind: 'floorDiv', dividend: asSymbolic(remainder), divisor: b }
    if (typeof remainder === 'number') return addDims(normalize(whole), Math.floor(remainder / b))
    return addDims(normalize(whole), new SymbolicDim([{ coefficient: 1, factors: [quotient] }]))
  }
  return new SymbolicDim([
    { coefficient: 1, factors: [{ kind: 'floorDiv', dividend: asSymbolic(a), divisor: b }] },
  ])
}

/** `a / b` when it is exact for every value of the symbols, else undefined. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  if (a === 0) return 0
  const divisor = termsOf(b)
  if (divisor.length !== 1 || divisor[0] === undefined) return dimsEqual(a, b) ? 1 : undefined
  const { coefficient, factors } = divisor[0]
  const terms: Term[] = []
  for (const term of termsOf(a)) {
    const left = [...term.factors]
    for (const factor of factors) {
      const at = left.findIndex((f) => factorText(f) === factorText(factor))
      if (at < 0) return undefined
      left.splice(at, 1)
    }
    if (term.coefficient % coefficient !== 0) return undefined
    terms.push({ coefficient: term.coefficient / coefficient, factors: left })
  }
  return normalize(terms)
}

/** Whether two sizes are equal for every value of their symbols. */
export function dimsEqual(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b
  return a.key === b.key
}

/** Number of elements of a shape. */
export function sizeOfDims(dims: Dims): Dim {
  return dims.reduce<Dim>(mulDims, 1)
}

/**
 * Value of a size once its symbols are known.
 * @throws RangeError when a symbol has no value
 */
export function evaluateDim(dim: Dim, symbols: ReadonlyMap<string, number>): number {
  if (typeof dim === 'number') return dim
  let sum = 0
  for (const { coefficient, factors } of dim.terms) {
    sum += factors.reduce((product, factor) => product * evaluateFactor(factor, symbols), coefficient)
  }
  return sum
}

/** Names of the symbols that a size depends on. */
export function symbolsOf(dim: Dim, into: Set<string> = new Set()): Set<string> {
  if (typeof dim === 'number') return into
  for (const { factors } of dim.terms) {
    for (const factor of factors) {
      if (factor.kind === 'symbol') into.add(factor.name)
      else {
        symbolsOf(factor.dividend, into)
        symbolsOf(factor.divisor, into)
      }
    }
  }
  return into
}

/** Whether every size is a number. */
export function isConcrete(dims: Dims): dims is readonly number[] {
  return dims.every((dim) => typeof dim === 'number')
}

/** `[2, 3, s0]`, as shapes stand in messages and listings. */
export function formatDims(dims: Dims): string {
  return `[${dims.map(String).join(', ')}]`
}

function evaluateFactor(factor: Factor, symbols: ReadonlyMap<string, number>): number {
  if (factor.kind === 'floorDiv') {
    return Math.floor(evaluateDim(factor.dividend, symbols) / evaluateDim(factor.divisor, symbols))
  }
  const value = symbols.get(factor.name)
  if (value === undefined) throw new RangeError(`Cannot evaluate the size "${factor.name}": expected a value for it, got none`)
  return value
}

function termsOf(dim: Dim): readonly Term[] {
  return typeof dim === 'number' ? [{ coefficient: dim, factors: [] }] : dim.terms
}

function asSymbolic(dim: Dim): SymbolicDim {
  return typeof dim === 'number' ? new SymbolicDim([{ coefficient: dim, factors: [] }]) : dim
}

function normalize(terms: readonly Term[]): Dim {
  const byKey = new Map<string, Term>()
  for (const term of terms) {
    const key = term.factors.map(factorText).join('*')
    const coefficient = (byKey.get(key)?.coefficient ?? 0) + term.coefficient
    byKey.set(key, { coefficient, factors: term.factors })
  }
  const kept = [...byKey].filter(([, term]) => term.coefficient !== 0).sort(([a], [b]) => (a < b ? 1 : -1))
  const [only] = kept
  if (only === undefined) return 0
  if (kept.length === 1 && only[1].factors.length === 0) return only[1].coefficient
  return new SymbolicDim(kept.map(([, term]) => term))
}

function termText({ coefficient, factors }: Term): string {
  const product = factors.map(factorText).join('*')
  if (product === '') return String(coefficient)
  return coefficient === 1 ? product : `${coefficient}*${product}`
}

function factorText(factor: Factor): string {
  if (factor.kind === 'symbol') return factor.name
  return `((${factor.dividend.key}) // (${factor.divisor}))`
}

function byText(a: Factor, b: Factor): number {
  return factorText(a) < factorText(b) ? -1 : 1
}
