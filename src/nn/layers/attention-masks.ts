import { where } from '../../engine/combine-tensors.ts'
import { arange, full } from '../../engine/create-tensors.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { type Dim, mulDims } from '../../ir/dim.ts'
import type { Heads } from './attend.ts'

/** The masks of a call of an attention. */
interface Masks {
  readonly keyPaddingMask?: Tensor | null
  readonly attnMask?: Tensor | null
  readonly isCausal?: boolean
}

/** One mask [1 or batch * heads, L or 1, S] that is added to the scores; null where there is none. */
export function mergeMasks(
  { keyPaddingMask = null, attnMask = null, isCausal = false }: Masks,
  { count, batch }: Pick<Heads, 'count' | 'batch'>,
  { queries, keys }: { readonly queries: Dim; readonly keys: Dim },
): Tensor | null {
  const padding = keyPaddingMask === null ? null : toAddend(keyPaddingMask)
  const seen = attnMask === null ? (isCausal ? causalMask(queries, keys) : null) : attnMask
  const rows = seen === null ? null : ranked(toAddend(seen))
  if (padding === null) return rows
  const perHead = padding
    .view([batch, 1, 1, keys])
    .expand([-1, count, -1, -1])
    .reshape([mulDims(batch, count), 1, keys])
  return rows === null ? perHead : rows.add(perHead)
}

function ranked(mask: Tensor): Tensor {
  return mask.value.shape.length === 2 ? mask.unsqueeze(0) : mask
}

/** Minus infinity where a bool mask is true, else 0. */
function toAddend(mask: Tensor): Tensor {
  return mask.dtype === 'bool' ? where(mask, full([], Number.NEGATIVE_INFINITY), 0) : mask
}

/** True where the key comes after the query. */
function causalMask(queries: Dim, keys: Dim): Tensor {
  return arange(0, queries).unsqueeze(1).lt(arange(0, keys))
}
