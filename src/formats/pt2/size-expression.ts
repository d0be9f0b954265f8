import { addDims, type Dim, floorDivDims, mulDims, symbol } from '../../ir/dim.ts'

const MAX_DEPTH = 64
const MAX_TOKENS = 2000
const MAX_TERMS = 1000

/** An expression that cannot be read as a size: what it holds instead. */
export class SizeExpressionProblem {
  readonly got: string

  constructor(got: string) {
    this.got = got
  }
}

/**
 * Reads a size that SymPy wrote: `Add(Mul(Integer(2), Symbol('s77', positive=True, integer=True)), Integer(-1))`.
 *
 * @returns what cannot be read, for functions and values that no size has
 *
 * @example
 * String(readSizeExpression("Mul(Integer(2), Symbol('s77'))")) // => '2*s77'
 */
export function readSizeExpression(text: string): Dim | SizeExpressionProblem {
  const tokens = text.match(/[A-Za-z_]\w*|-?\d+|'[^']*'|\S/g) ?? []
  if (tokens.length > MAX_TOKENS) return new SizeExpressionProblem(`an expression of ${tokens.length} parts`)
  const reader = new Reader(tokens)
  try {
    const size = reader.expression(0)
    return reader.atEnd ? size : new SizeExpressionProblem(text)
  } catch (error) {
    if (error instanceof SizeExpressionProblem) return error
    if (error instanceof RangeError) return new SizeExpressionProblem(text)
    throw error
  }
}

class Reader {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  get atEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  expression(depth: number): Dim {
    if (depth > MAX_DEPTH) throw new SizeExpressionProblem(`an expression nested more than ${MAX_DEPTH} deep`)
    const head = this.#next()
    if (/^-?\d+$/.test(head)) return wholeNumber(head)
    this.#expect('(')
    if (head === 'Symbol') return this.#symbol()
    const operands: Dim[] = []
    do operands.push(this.expression(depth + 1))
    while (this.#take(','))
    this.#expect(')')
    return apply(head, operands)
  }

  /** A name, and assumptions that say nothing new of a size. */
  #symbol(): Dim {
    const name = this.#next().replaceAll("'", '')
    while (this.#take(',')) {
      this.#next()
      this.#expect('=')
      this.#next()
    }
    this.#expect(')')
    return symbol(name)
  }

  #next(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new SizeExpressionProblem('an expression that is cut off')
    return token
  }

  #take(token: string): boolean {
    const isNext = this.#tokens[this.#at] === token
    if (isNext) this.#at++
    return isNext
  }

  #expect(token: string): void {
    const got = this.#next()
    if (got !== token) throw new SizeExpressionProblem(`"${got}" instead of "${token}"`)
  }
}

function apply(head: string, operands: readonly Dim[]): Dim {
  const [a = 0, b = 1] = operands
  if (head === 'Integer' && operands.length === 1) return a
  if (head === 'Add') return operands.reduce(addDims)
  if (head === 'Mul') return operands.reduce(product)
  if ((head === 'FloorDiv' || head === 'CleanDiv') && operands.length === 2) return floorDivDims(a, b)
  if (head === 'Pow' && typeof b === 'number' && b >= 0 && b <= 8)
    return Array.from({ length: b }, () => a).reduce<Dim>(product, 1)
  throw new SizeExpressionProblem(`${head} of ${operands.length} operands`)
}

/** A product that is multiplied out, as long as that has an end. */
function product(a: Dim, b: Dim): Dim {
  const count = termCount(a) * termCount(b)
  if (count > MAX_TERMS) throw new SizeExpressionProblem(`a product of ${count} terms`)
  return mulDims(a, b)
}

function termCount(dim: Dim): number {
  return typeof dim === 'number' ? 1 : dim.terms.length
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new SizeExpressionProblem(text)
  return value
}
