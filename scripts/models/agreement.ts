import { toTypedArray } from 'lowbit'
import type { Outputs } from './recipe.ts'

/** How far outputs are from those of the float model; of several outputs, the one that is farthest. */
export interface AgreementFigures {
  readonly sqnrDb: number
  readonly cosine: number
  /** Mean of the absolute differences over the mean of the absolute values. */
  readonly relative: number
}

/** Compares what two files made of the same samples. */
export function agreementOf(float: readonly Outputs[], other: readonly Outputs[]): AgreementFigures {
  const names = Object.keys(float[0] ?? {})
  const each = names.map((name) => compare(float, other, name))
  return each.reduce((worst, figures) => (figures.sqnrDb < worst.sqnrDb ? figures : worst))
}

function compare(float: readonly Outputs[], other: readonly Outputs[], name: string): AgreementFigures {
  const sums = { signal: 0, noise: 0, own: 0, product: 0, difference: 0, size: 0 }
  for (const [i, outputs] of float.entries()) {
    const [expected, got] = [outputs[name], other[i]?.[name]]
    if (expected === undefined || got === undefined)
      throw new RangeError(`Cannot compare outputs: expected "${name}" in both, got it in one`)
    const [a, b] = [toTypedArray(expected), toTypedArray(got)]
    for (let k = 0; k < a.length; k++) {
      const [x, y] = [Number(a[k]), Number(b[k])]
      sums.signal += x * x
      sums.own += y * y
      sums.product += x * y
      sums.noise += (x - y) ** 2
      sums.difference += Math.abs(x - y)
      sums.size += Math.abs(x)
    }
  }
  return {
    sqnrDb: 10 * Math.log10(sums.signal / sums.noise),
    cosine: sums.product / Math.sqrt(sums.signal * sums.own),
    relative: sums.difference / sums.size,
  }
}
