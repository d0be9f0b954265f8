import { blockShape, qparamShape } from 'lowbit'
import type { EntryContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { readGranularity, readTarget } from './recorded-specs.ts'

/** Checks an entry of numerics/granularity_shapes: sizes of blocks and shapes of qparams. */
export function checkGranularityShape({ entry }: EntryContext): Divergence | undefined {
  const shape = (entry.shape as number[]).map(Number)
  let blocks: readonly number[]
  try {
    blocks = blockShape(shape, readGranularity(entry.granularity), readTarget(entry.target))
  } catch (error) {
    return compareError('block_size', entry.error ?? 'no error', error)
  }
  const got = { block_size: blocks, qparam_shape: qparamShape(shape, blocks) }
  for (const [key, sizes] of Object.entries(got)) {
    if (JSON.stringify(entry[key]) !== JSON.stringify(sizes)) {
      return { where: key, expected: JSON.stringify(entry[key] ?? entry.error), got: JSON.stringify(sizes) }
    }
  }
  return undefined
}
