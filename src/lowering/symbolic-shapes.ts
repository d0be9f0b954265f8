import { type Dim, type Dims, isConcrete, type SymbolicDim } from '../ir/dim.ts'
import type { Value } from '../ir/node.ts'

/** Writes the ONNX nodes that compute shapes with symbolic sizes. */
export interface ShapeWriter {
  op(type: string, inputs: readonly string[], attrs?: Readonly<Record<string, number>>): string
  ints(values: readonly number[]): string
}

/** An input of the graph that has a size. */
interface Source {
  readonly input: string
  readonly axis: number
}

/** Finds symbolic sizes among a graph's inputs and computes shapes from them, each size once. */
export class SymbolicShapes {
  readonly #writer: ShapeWriter
  readonly #known = new Map<string, string>()
  readonly #sources: ReadonlyMap<string, Source>
  /** Sizes of inputs that are a multiple of a symbol. */
  readonly #multiples: ReadonlyMap<string, Source & { readonly factor: number }>

  constructor(writer: ShapeWriter, inputs: readonly { readonly value: Value; readonly name: string }[]) {
    this.#writer = writer
    const sources = new Map<string, Source>()
    const multiples = new Map<string, Source & { readonly factor: number }>()
    for (const { value, name } of inputs) {
      value.shape.forEach((dim, axis) => {
        if (typeof dim === 'number' || sources.has(dim.key)) return
        sources.set(dim.key, { input: name, axis })
        const [term, ...others] = dim.terms
        const [factor, ...more] = term?.factors ?? []
        if (term && factor?.kind === 'symbol' && others.length === 0 && more.length === 0)
          multiples.set(factor.name, { input: name, axis, factor: term.coefficient })
      })
    }
    this.#sources = sources
    this.#multiples = multiples
  }

  /** ONNX name of a rank-1 int64 value that holds the shape. */
  shape(dims: Dims): string {
    if (isConcrete(dims)) return this.#writer.ints(dims)
    return this.#writer.op(
      'Concat',
      dims.map((dim) => this.#size(dim)),
      { axis: 0 },
    )
  }

  /** ONNX name of a size, as an int64 value of shape [1]. */
  #size(dim: Dim): string {
    if (typeof dim === 'number') return this.#writer.ints([dim])
    const known = this.#known.get(dim.key)
    if (known !== undefined) return known
    const source = this.#sources.get(dim.key)
    const name = source === undefined ? this.#computed(dim) : this.#read(source)
    this.#known.set(dim.key, name)
    return name
  }

  #read({ input, axis }: Source): string {
    return this.#writer.op('Shape', [input], { start: axis, end: axis + 1 })
  }

  #computed(dim: SymbolicDim): string {
    const terms = dim.terms.map(({ coefficient, factors }) => {
      const names = factors.map((factor) =>
        factor.kind === 'symbol' ? this.#symbol(factor.name) : this.#quotient(factor),
      )
      if (coefficient !== 1 || names.length === 0) names.unshift(this.#writer.ints([coefficient]))
      return names.reduce((product, name) => this.#writer.op('Mul', [product, name]))
    })
    return terms.reduce((total, term) => this.#writer.op('Add', [total, term]))
  }

  #symbol(name: string): string {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const multiple = this.#multiples.get(name)
    const source = this.#sources.get(name) ?? multiple
    if (source === undefined) {
      throw new RangeError(
        `Cannot lower the size "${name}": expected an input of the graph that has it, got none (a bug in lowbit)`,
      )
    }
    const whole = this.#read(source)
    const size =
      source === multiple && multiple.factor !== 1
        ? this.#writer.op('Div', [whole, this.#writer.ints([multiple.factor])])
        : whole
    this.#known.set(name, size)
    return size
  }

  /** ONNX's Div rounds toward zero, sizes toward negative infinity: what may be negative goes without its remainder. */
  #quotient({ dividend, divisor }: { readonly dividend: Dim; readonly divisor: Dim }): string {
    const [a, b] = [this.#size(dividend), this.#size(divisor)]
    const whole = mayBeNegative(dividend) ? this.#writer.op('Sub', [a, this.#writer.op('Mod', [a, b])]) : a
    return this.#writer.op('Div', [whole, b])
  }
}

function mayBeNegative(dim: Dim): boolean {
  if (typeof dim === 'number') return dim < 0
  return dim.terms.some(
    ({ coefficient, factors }) =>
      coefficient < 0 ||
      factors.some((factor) => factor.kind === 'floorDiv' && mayBeNegative(factor.dividend)),
  )
}
