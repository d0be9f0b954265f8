import { type Dim, evaluateDim, mulDims, type SymbolicDim } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import { numberOfDType } from '../pt2/tensor-meta.ts'

/** Value that stands for every size that may vary, where a program wants an example. */
const EXAMPLE = 4

/** The sizes that may vary, under the names that PyTorch gives to sizes. */
export class SizeNames {
  readonly #names = new Map<string, string>()

  /** PyTorch's name of a size: `s0`, `s1`. */
  nameOf(symbol: string): string {
    const known = this.#names.get(symbol)
    if (known !== undefined) return known
    const name = `s${this.#names.size}`
    this.#names.set(symbol, name)
    return name
  }

  /** What each size may be. */
  ranges(): Record<string, { readonly min_val: number; readonly max_val: number | null }> {
    return Object.fromEntries([...this.#names.values()].map((name) => [name, { min_val: 1, max_val: null }]))
  }

  /** A size in a program. */
  sizeJson(size: Dim): object {
    if (typeof size === 'number') return { as_int: size }
    const example = new Map([...this.#symbols(size)].map((name) => [name, EXAMPLE]))
    return { as_expr: { expr_str: this.#expression(size), hint: { as_int: evaluateDim(size, example) } } }
  }

  /** A tensor's type in a program, without gaps in memory. */
  tensorJson({ dtype, shape }: TensorType, requiresGrad = false): object {
    const strides: Dim[] = []
    shape.reduceRight<Dim>((stride, size) => {
      strides.unshift(stride)
      return mulDims(stride, size)
    }, 1)
    return {
      dtype: numberOfDType(dtype),
      sizes: shape.map((size) => this.sizeJson(size)),
      requires_grad: requiresGrad,
      device: { type: 'cpu', index: null },
      strides: strides.map((size) => this.sizeJson(size)),
      storage_offset: { as_int: 0 },
      layout: 7,
    }
  }

  #symbols(size: Dim, into: Set<string> = new Set()): Set<string> {
    for (const { factors } of typeof size === 'number' ? [] : size.terms) {
      for (const factor of factors) {
        if (factor.kind === 'symbol') into.add(factor.name)
        else this.#symbols(factor.divisor, this.#symbols(factor.dividend, into))
      }
    }
    return into
  }

  /** The size as SymPy writes it. */
  #expression(size: Dim): string {
    if (typeof size === 'number') return `Integer(${size})`
    const terms = size.terms.map(({ coefficient, factors }) => {
      const parts = factors.map((factor) =>
        factor.kind === 'symbol'
          ? `Symbol('${this.nameOf(factor.name)}', positive=True, integer=True)`
          : `FloorDiv(${this.#expression(factor.dividend)}, ${this.#expression(factor.divisor)})`,
      )
      const all = coefficient === 1 && parts.length > 0 ? parts : [`Integer(${coefficient})`, ...parts]
      return all.length === 1 ? (all[0] ?? '') : `Mul(${all.join(', ')})`
    })
    return terms.length === 1 ? (terms[0] ?? '') : `Add(${terms.join(', ')})`
  }
}

/** The name of a size that is one symbol alone. */
export function soleSymbol({ terms }: SymbolicDim): string | undefined {
  const [term, ...others] = terms
  const [factor, ...more] = term?.factors ?? []
  const isSole = others.length + more.length === 0 && term?.coefficient === 1
  return isSole && factor?.kind === 'symbol' ? factor.name : undefined
}
