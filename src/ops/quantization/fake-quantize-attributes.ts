import type { DType } from '../../tensor/dtype.ts'
import type { Blocks } from './blocks.ts'

/** How values are quantized. A zero point that is the same everywhere is an attribute, any other one an input. */
export type FakeQuantizeAttributes = {
  /** Element type of the quantized values. */
  readonly dtype: DType
  readonly quantMin: number
  readonly quantMax: number
  readonly blocks: Blocks
  /** Zero point of all blocks; null where it is the third input. */
  readonly zeroPoint: number | null
}
