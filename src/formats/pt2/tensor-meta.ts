import { type Dim, evaluateDim } from '../../ir/dim.ts'
import type { TensorType } from '../../ir/operation.ts'
import type { DType } from '../../tensor/dtype.ts'
import type { JsonView } from './json-view.ts'
import { readSizeExpression, SizeExpressionProblem } from './size-expression.ts'

/** Numbers of the format's schema for the dtypes that lowbit has. */
const DTYPES: ReadonlyMap<number, DType> = new Map([
  [1, 'uint8'],
  [2, 'int8'],
  [3, 'int16'],
  [4, 'int32'],
  [5, 'int64'],
  [6, 'float16'],
  [7, 'float32'],
  [12, 'bool'],
  [13, 'bfloat16'],
  [29, 'float8_e4m3fn'],
  [30, 'float8_e5m2'],
  [33, 'float8_e8m0fnu'],
])

/** The format's number of a dtype. @throws RangeError for one that programs have not */
export function numberOfDType(dtype: DType): number {
  for (const [number, known] of DTYPES) if (known === dtype) return number
  throw new RangeError(
    `Cannot write a program: expected a dtype of at least eight bits, got ${dtype} (a bug in lowbit)`,
  )
}

/** Layout of tensors whose elements all lie in one storage. */
const STRIDED = 7

/** What the program says of one tensor. Strides and offset count elements. */
export interface TensorMeta extends TensorType {
  readonly strides: readonly Dim[]
  readonly storageOffset: Dim
  readonly requiresGrad: boolean
}

/** Reads the type of a tensor. @throws FormatError for dtypes and layouts that lowbit has not */
export function readTensorType(view: JsonView): TensorType {
  const layout = view.field('layout')
  if (layout.integer() !== STRIDED) layout.fail(`${STRIDED}, a strided layout`)
  return { dtype: readDType(view.field('dtype')), shape: view.field('sizes').items().map(readSize) }
}

/** Reads how a tensor lies in its storage. @throws FormatError for dtypes and layouts that lowbit has not */
export function readTensorMeta(view: JsonView): TensorMeta {
  const type = readTensorType(view)
  const strides = view.field('strides').items().map(readSize)
  if (strides.length !== type.shape.length)
    view.field('strides').fail(`${type.shape.length} strides`, `${strides.length}`)
  return {
    ...type,
    strides,
    storageOffset: readSize(view.field('storage_offset')),
    requiresGrad: view.optional('requires_grad')?.boolean() ?? false,
  }
}

/** Reads the number of a dtype. */
export function readDType(view: JsonView): DType {
  return DTYPES.get(view.integer()) ?? view.fail('the number of a dtype that lowbit has')
}

/** Reads a size: a number, or an expression over sizes that only a call gives. */
export function readSize(view: JsonView): Dim {
  const [kind, content] = view.variant()
  if (kind === 'as_int') return content.size()
  if (kind === 'as_expr') return readExpression(content)
  return view.fail('as_int or as_expr', kind)
}

/** Reads a size that is only compared: undefined for an expression of functions that lowbit's sizes have not, such as a minimum. */
export function readComparedSize(view: JsonView): Dim | undefined {
  const text = view.optional('as_expr')?.field('expr_str').string()
  if (text === undefined) return readSize(view)
  const size = readSizeExpression(text)
  return size instanceof SizeExpressionProblem ? undefined : size
}

function readExpression(view: JsonView): Dim {
  const text = view.field('expr_str')
  const size = readSizeExpression(text.string())
  return size instanceof SizeExpressionProblem ? text.fail('an expression of sizes', size.got) : size
}

/** The sizes of an example call: of each symbol that stands alone as a size, the value that the example gave it. */
export class SizeHints {
  readonly #values = new Map<string, number>()

  /** Takes over what the sizes of a tensor say. */
  learn(meta: JsonView): void {
    for (const size of meta.field('sizes').items()) {
      const hint = size.optional('as_expr')?.optional('hint')?.optional('as_int')
      const dim = hint === undefined ? 0 : readSize(size)
      if (hint !== undefined && typeof dim !== 'number') this.#values.set(dim.key, hint.size())
    }
  }

  /** The size in the example; undefined where it is not known. */
  evaluate(dim: Dim): number | undefined {
    if (typeof dim === 'number') return dim
    try {
      return this.#values.get(dim.key) ?? evaluateDim(dim, this.#values)
    } catch {
      return undefined
    }
  }
}
