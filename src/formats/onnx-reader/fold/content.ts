import type { Dim } from '../../../ir/dim.ts'
import type { DType } from '../../../tensor/dtype.ts'

/** A small tensor whose elements are known: numbers, or sizes that are expressions. */
export interface Content {
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly elements: readonly Dim[]
}
