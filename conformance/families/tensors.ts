import { type HostArray, toFloat32, toTypedArray } from '../../src/tensor/index.ts'
import type { EntryContext } from '../case.ts'
import { compareExactly, type Divergence } from '../divergence.ts'

/**
 * The recorded tensor under a name.
 * @throws RangeError when there is none
 */
export function tensorNamed({ tensors }: EntryContext, name: unknown): HostArray {
  const array = tensors().get(String(name))
  if (array !== undefined) return array
  throw new RangeError(`Cannot check: expected the name of a tensor, got ${String(name)}`)
}

/** How two tensors are compared where not everything counts. */
export interface ComparisonRules {
  /** Whether +0 and -0 are the same. */
  readonly anyZero?: boolean
  /** Elements that do not count. */
  readonly skip?: (index: number) => boolean
}

/** Compares dtype, shape and elements; both null is equal. */
export function compareTensors(
  where: string,
  expected: HostArray | null,
  got: HostArray | null,
  rules: ComparisonRules = {},
): Divergence | undefined {
  const typeOf = (array: HostArray | null) =>
    array === null ? 'null' : `${array.dtype} [${array.shape.join(', ')}]`
  if (typeOf(expected) !== typeOf(got)) return { where, expected: typeOf(expected), got: typeOf(got) }
  if (expected === null || got === null) return undefined
  return compareExactly(where, elementsOf(expected, rules), elementsOf(got, rules))
}

function elementsOf(array: HostArray, { anyZero = false, skip }: ComparisonRules): number[] {
  const elements = array.dtype.includes('float') ? toFloat32(array) : toTypedArray(array)
  return Array.from(elements as ArrayLike<number>, (value, i) =>
    skip?.(i) ? 0 : anyZero && value === 0 ? 0 : Number(value),
  )
}
