import { type DType, dtypeInfo } from '../tensor/dtype.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import { HostArray } from '../tensor/host-array.ts'
import { type Shape, sizeOf } from '../tensor/shape.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import type { TypedArray } from '../tensor/typed-array.ts'
import type { Dataset } from './data-loader.ts'

/** Values of one kind for all samples, one sample after the other. */
export interface ArrayColumn {
  readonly data: TypedArray
  /** Shape of one sample; default [], a number. */
  readonly shape?: Shape
  /** Default: the typed array's own. */
  readonly dtype?: DType
}

interface Column {
  readonly shape: Shape
  readonly dtype: DType
  readonly bytes: Uint8Array
  /** Bytes of one sample. */
  readonly stride: number
}

/**
 * Samples that lie one after the other in typed arrays, one array for each part of a sample. The arrays are not copied.
 *
 * @typeParam T one column for each part
 * @example
 * new ArrayDataset({ data: new Float32Array(6), shape: [3] }, { data: Int32Array.of(0, 1) }).length // => 2
 */
export class ArrayDataset<const T extends readonly ArrayColumn[]> implements Dataset<T> {
  /** Number of samples. */
  readonly length: number
  readonly columns: T
  readonly #columns: readonly Column[]

  /** @throws ShapeError when a column does not hold whole samples, or not as many as the others */
  constructor(...columns: T) {
    const lengths = columns.map(samplesIn)
    const [length = 0] = lengths
    if (new Set(lengths).size > 1 || !Number.isInteger(length)) {
      throw new ShapeError(
        `Cannot make a dataset: expected columns with equally many whole samples, got ${lengths.join(', ')}`,
      )
    }
    this.length = length
    this.columns = columns
    this.#columns = columns.map(columnOf)
  }

  /** The samples of these numbers, as one array for each part with a dimension for the samples in front. */
  take(indices: Iterable<number>): HostArray[] {
    const order = [...indices]
    return this.#columns.map(({ shape, dtype, bytes, stride }) => {
      const taken = new Uint8Array(order.length * stride)
      for (const [place, i] of order.entries())
        taken.set(bytes.subarray(i * stride, (i + 1) * stride), place * stride)
      return new HostArray(dtype, [order.length, ...shape], taken)
    })
  }
}

function samplesIn({ data, shape = [] }: ArrayColumn): number {
  return data.length / sizeOf(shape)
}

function columnOf(column: ArrayColumn): Column {
  const { data, shape = [] } = column
  const { dtype, bytes } = fromTypedArray(data, [data.length], column.dtype)
  const { bits } = dtypeInfo(dtype)
  if (bits < 8) throw new TypeError(`Cannot make a dataset: expected a dtype of whole bytes, got ${dtype}`)
  return { shape, dtype, bytes, stride: (sizeOf(shape) * bits) / 8 }
}
