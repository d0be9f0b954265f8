import { type Dims, isConcrete } from '../ir/dim.ts'
import { broadcastDims } from '../ops/inference.ts'
import { fromValues } from '../tensor/from-values.ts'
import { HostArray } from '../tensor/host-array.ts'
import { sizeOf } from '../tensor/shape.ts'
import { toTypedArray } from '../tensor/to-typed-array.ts'

/** Writes what stands in for an operand. */
export interface OperandWriter {
  op(type: string, inputs: readonly string[]): string
  constant(array: HostArray): string
}

const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'Mod', 'And', 'Or', 'Xor', 'Where'],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'],
])

/** Operators whose result has the shape of their first operand. */
const SHAPE_KEEPING: ReadonlySet<string> = new Set([
  ...['Cast', 'Clip', 'Abs', 'Neg', 'Sign', 'Sqrt', 'Reciprocal', 'Floor', 'Ceil', 'Round', 'Exp', 'Log'],
  ...['Relu', 'Sigmoid', 'Tanh', 'Erf', 'Not', 'QuantizeLinear', 'DequantizeLinear', 'BatchNormalization'],
])

/**
 * Shapes of ONNX values as far as they are known, for one purpose: an element-wise operator of ONNX Runtime whose operands are a tensor that ends in
 * dimensions of 1 and a single value of lower rank goes through the tensor element by element, a hundred times slower than where the ranks are equal.
 */
export class OperandShapes {
  readonly #writer: OperandWriter
  readonly #shapes = new Map<string, Dims>()
  readonly #scalars = new Map<string, HostArray>()
  readonly #integers = new Map<string, readonly number[]>()

  constructor(writer: OperandWriter) {
    this.#writer = writer
  }

  /** Says what shape a value has. */
  set(name: string, shape: Dims): void {
    this.#shapes.set(name, shape)
  }

  /** Says what a constant is. */
  setConstant(name: string, array: HostArray): void {
    this.#shapes.set(name, array.shape)
    if (array.shape.length === 0) this.#scalars.set(name, array)
    else if (array.dtype === 'int64' && sizeOf(array.shape) <= MAX_RANK)
      this.#integers.set(name, Array.from(toTypedArray(array), Number))
  }

  /** Operands of an operator: single values get the rank of the others where that is faster. */
  align(type: string, inputs: readonly string[]): readonly string[] {
    if (!ELEMENTWISE.has(type)) return inputs
    const wide = inputs.reduce<Dims>((widest, name) => {
      const shape = this.#shapes.get(name) ?? []
      return shape.length > widest.length ? shape : widest
    }, [])
    if (wide.at(-1) !== 1 || !isLarge(wide)) return inputs
    return inputs.map((name) => this.#widen(name, wide.length))
  }

  /** Records the shape of an operator's result where it follows from its operands. */
  infer(type: string, inputs: readonly string[], output: string): void {
    const shape = this.#shapeOf(type, inputs)
    if (shape !== undefined) this.set(output, shape)
  }

  #shapeOf(type: string, inputs: readonly string[]): Dims | undefined {
    if (type === 'Reshape') return this.#reshaped(inputs)
    if (type === 'Slice') return this.#sliced(inputs)
    const operands = SHAPE_KEEPING.has(type) ? inputs.slice(0, 1) : ELEMENTWISE.has(type) ? inputs : []
    const shapes = operands.flatMap((name) => {
      const shape = this.#shapes.get(name)
      return shape === undefined ? [] : [shape]
    })
    const [first] = shapes
    if (first === undefined || shapes.length < operands.length) return undefined
    return shapes.reduce((a, b) => broadcastDims(type, a, b), first)
  }

  /** A 0 is left alone: it keeps a size or is one, as an attribute says. */
  #reshaped([x = '', target = '']: readonly string[]): Dims | undefined {
    const size = this.#integers.get(target)
    if (size === undefined || size.includes(0)) return undefined
    if (!size.includes(-1)) return size
    const shape = this.#shapes.get(x)
    if (shape === undefined || !isConcrete(shape)) return undefined
    const rest = sizeOf(shape) / -size.reduce((product, dim) => product * dim, 1)
    return size.map((dim) => (dim === -1 ? rest : dim))
  }

  /** Of what begins at a place of every dimension. */
  #sliced([x = '', starts = '', ends = '', ...others]: readonly string[]): Dims | undefined {
    const [from, to, shape] = [this.#integers.get(starts), this.#integers.get(ends), this.#shapes.get(x)]
    if (!from || !to || !shape || others.length > 0 || from.length < shape.length) return undefined
    if (!isConcrete(shape) || [...from, ...to].some((place) => place < 0)) return undefined
    return shape.map((size, i) => Math.max(0, Math.min(to[i] ?? 0, size) - (from[i] ?? 0)))
  }

  #widen(name: string, rank: number): string {
    const shape = this.#shapes.get(name)
    if (shape === undefined || shape.length === rank || shape.some((dim) => dim !== 1)) return name
    const ones = new Array<number>(rank).fill(1)
    const scalar = this.#scalars.get(name)
    if (scalar !== undefined) return this.#writer.constant(new HostArray(scalar.dtype, ones, scalar.bytes))
    return this.#writer.op('Reshape', [name, this.#writer.constant(fromValues('int64', [rank], ones))])
  }
}

/** Longer lists of integers are no shapes. */
const MAX_RANK = 8

/** Below this number of elements there is nothing to gain. */
const MIN_SIZE = 256

function isLarge(shape: Dims): boolean {
  return !isConcrete(shape) || shape.reduce((size, dim) => size * dim, 1) >= MIN_SIZE
}
