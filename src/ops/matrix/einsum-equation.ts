/** An equation of `aten.einsum` with a letter for every dimension; dimensions of an ellipsis got letters of their own. */
export interface EinsumEquation {
  readonly operands: readonly string[]
  readonly output: string
}

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz']

/**
 * Reads an equation for operands of the given ranks, as PyTorch does: without an output it is the ellipsis and then, in
 * alphabetical order, the letters that stand once.
 * @throws RangeError where the equation is malformed or does not fit the ranks
 */
export function parseEinsum(equation: string, ranks: readonly number[]): EinsumEquation {
  const fail = (expected: string, got: string) =>
    new RangeError(`Cannot record "aten.einsum": expected ${expected}, got ${got} ("${equation}")`)
  const [left = '', right, ...rest] = equation.replaceAll(/\s/g, '').split('->')
  const terms = left.split(',')
  if (rest.length > 0) throw fail('one "->"', 'more')
  if (terms.length !== ranks.length)
    throw fail(`${ranks.length} terms, one for each tensor`, String(terms.length))
  for (const term of [...terms, right ?? '']) {
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term))
      throw fail('letters and at most one "..." in a term', `"${term}"`)
  }
  const hidden = terms.map((term, i) => (ranks[i] ?? 0) - lettersOf(term).length)
  const wrong = hidden.findIndex((count, i) => count < 0 || (count > 0 && !terms[i]?.includes('...')))
  if (wrong >= 0) throw fail(`a term for ${ranks[wrong]} dimensions`, `"${terms[wrong]}"`)
  const names = LETTERS.filter((letter) => !equation.includes(letter)).slice(0, Math.max(0, ...hidden))
  const operands = terms.map((term, i) =>
    term.replace('...', names.slice(names.length - (hidden[i] ?? 0)).join('')),
  )
  const output = right === undefined ? implicitOutput(terms, names) : right.replace('...', names.join(''))
  const unknown = [...output].find(
    (letter, i) => !operands.join('').includes(letter) || output.indexOf(letter) !== i,
  )
  if (unknown !== undefined)
    throw fail('each letter of the output to stand once there and in a term', `"${unknown}"`)
  return { operands, output }
}

function implicitOutput(terms: readonly string[], names: readonly string[]): string {
  const letters = terms.flatMap(lettersOf)
  const single = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
  return [...names, ...single.sort()].join('')
}

function lettersOf(term: string): string[] {
  return [...term.replace('...', '')]
}

/** How an equation is a product of two batches of matrices, either the first by the second or, `isSwapped`, the second by the first. */
export interface EinsumProduct {
  readonly isSwapped: boolean
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/** The equation as a product of batches of matrices, undefined where it is none. */
export function asProduct({ operands, output }: EinsumEquation): EinsumProduct | undefined {
  const [first, second] = operands
  if (first === undefined || second === undefined || operands.length > 2 || output.length < 2)
    return undefined
  const plain = matchProduct(first, second, output)
  if (plain !== undefined) return { isSwapped: false, ...plain }
  const swapped = matchProduct(second, first, output)
  return swapped === undefined ? undefined : { isSwapped: true, ...swapped }
}

function matchProduct(a: string, b: string, output: string): Omit<EinsumProduct, 'isSwapped'> | undefined {
  const batch = output.slice(0, -2)
  const [row = '', column = ''] = output.slice(-2)
  const inner = [...a.slice(-2)].find((letter) => letter !== row) ?? ''
  if (inner === '' || output.includes(inner)) return undefined
  const transposeA = a === batch + inner + row
  const transposeB = b === batch + column + inner
  if (!transposeA && a !== batch + row + inner) return undefined
  return transposeB || b === batch + inner + column ? { transposeA, transposeB } : undefined
}
