import type { DType } from '../tensor/dtype.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import { fromValues } from '../tensor/from-values.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { type Shape, sizeOf } from '../tensor/shape.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import type { TypedArray } from '../tensor/typed-array.ts'

/** What a tensor can be made of: a number, numbers in row-major order, or arrays of those, to any depth. */
export type TensorData = number | bigint | boolean | TypedArray | readonly TensorData[]

/**
 * A host array with a copy of the data.
 * @throws ShapeError when nested arrays are ragged, or the number of elements is not that of `shape`
 */
export function hostArrayOf(data: TensorData, shape: Shape | undefined, dtype: DType | undefined): HostArray {
  const natural = shapeOf(data)
  const wanted = shape ?? natural
  if (sizeOf(natural) !== sizeOf(wanted)) {
    const [expected, got] = [sizeOf(wanted), sizeOf(natural)]
    throw new ShapeError(
      `Cannot make a tensor of shape [${wanted.join(', ')}]: expected ${expected} elements, got ${got}`,
      [wanted, natural],
    )
  }
  if (ArrayBuffer.isView(data)) return fromElements(data, wanted, dtype)
  const flat: (number | bigint | boolean)[] = []
  collect(data, natural, 0, flat)
  return fromValues(dtype ?? dtypeOf(data), wanted, flat.map(numeric))
}

function fromElements(data: TypedArray, shape: Shape, dtype: DType | undefined): HostArray {
  if (dtype === undefined || data instanceof Uint16Array) return fromTypedArray(data.slice(), shape, dtype)
  const own = fromTypedArray(data, [data.length])
  return own.dtype === dtype ? fromTypedArray(data.slice(), shape) : fromValues(dtype, shape, data)
}

function shapeOf(data: TensorData): number[] {
  if (ArrayBuffer.isView(data)) return [data.length]
  if (typeof data !== 'object') return []
  const [first] = data
  return first === undefined ? [0] : [data.length, ...shapeOf(first)]
}

function collect(data: TensorData, shape: Shape, depth: number, into: (number | bigint | boolean)[]): void {
  const length = shape[depth]
  if (typeof data !== 'object') {
    if (length === undefined) into.push(data)
    else throw ragged(shape, depth, 'a number')
  } else if (data.length !== length) throw ragged(shape, depth, `${data.length} entries`)
  else for (const entry of data) collect(entry, shape, depth + 1, into)
}

function ragged(shape: Shape, depth: number, got: string): ShapeError {
  const expected = shape[depth] === undefined ? 'a number' : `${shape[depth]} entries`
  return new ShapeError(
    `Cannot make a tensor: expected ${expected} at depth ${depth} of nested arrays, got ${got}`,
    [shape],
  )
}

function dtypeOf(data: TensorData): DType {
  if (ArrayBuffer.isView(data)) return fromTypedArray(data, [data.length]).dtype
  if (typeof data === 'object') return data[0] === undefined ? 'float32' : dtypeOf(data[0])
  if (typeof data === 'bigint') return 'int64'
  return typeof data === 'boolean' ? 'bool' : 'float32'
}

function numeric(value: number | bigint | boolean): number | bigint {
  return typeof value === 'boolean' ? Number(value) : value
}
