// Operations that move, join and cut data without changing it.
import type { Operation } from '../../ir/operation.ts'
import { cat, splitWithSizes } from './cat.ts'
import { constantPadNd, pad } from './pad.ts'
import { permute, t, transpose } from './permute.ts'
import { reshape } from './reshape.ts'
import { select, slice, sliceGradient } from './slice.ts'
import { chunk, split } from './split.ts'
import { stack } from './stack.ts'
import { flatten, squeeze, unflatten, unsqueeze, view } from './view.ts'

/** Operations on shapes, with the adjoint of slicing. */
export const shapeOperations: readonly Operation[] = [
  reshape,
  view,
  flatten,
  unflatten,
  squeeze,
  unsqueeze,
  permute,
  transpose,
  t,
  cat,
  stack,
  splitWithSizes,
  split,
  chunk,
  slice,
  sliceGradient,
  select,
  pad,
  constantPadNd,
]
