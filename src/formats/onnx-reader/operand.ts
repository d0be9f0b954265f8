import type { Dim, Dims } from '../../ir/dim.ts'
import type { Value } from '../../ir/node.ts'
import type { DType } from '../../tensor/dtype.ts'
import { isFloating } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'

/** A tensor of the file. */
export interface StoredTensor {
  /** The tensor of the file that it is, or is the transpose of. */
  readonly tensor: string
  readonly isTransposed: boolean
  readonly array: () => HostArray
}

/** What a name of the model stands for. */
export interface Operand {
  readonly name: string
  readonly shape: Dims
  readonly dtype: DType
  /** The elements, where they are few and follow from sizes and constants alone. */
  readonly elements?: readonly Dim[] | undefined
  readonly stored?: StoredTensor | undefined
  /** The value of the graph, once there is one. */
  value?: Value | undefined
}

/** Up to so many elements are looked at: shapes, axes, limits. */
export const MAX_KNOWN_ELEMENTS = 2048

/** A tensor of the file as an operand. */
export function storedOperand(name: string, array: HostArray, stored: Omit<StoredTensor, 'array'>): Operand {
  return {
    name,
    shape: array.shape,
    dtype: array.dtype,
    stored: { ...stored, array: () => array },
    elements: elementsOf(array),
  }
}

/** Elements of a small array as numbers; undefined for a large one, and for integers that numbers do not hold. */
export function elementsOf(array: HostArray): readonly number[] | undefined {
  const count = array.shape.reduce((product, size) => product * size, 1)
  if (count > MAX_KNOWN_ELEMENTS) return undefined
  return Array.from(isFloating(array.dtype) ? toFloat32(array) : toTypedArray(array), Number)
}
