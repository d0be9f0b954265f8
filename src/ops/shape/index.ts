// Operations that move, join and cut data without changing it.
import type { Operation } from '../../ir/operation.ts'
import { expandAs, movedim, mT, narrow, reshapeAs, unbind, viewAs } from './alike.ts'
import { cat, splitWithSizes } from './cat.ts'
import { constantPadNd, pad } from './pad.ts'
import { permute, t, transpose } from './permute.ts'
import { repeat, repeatInterleave, tile } from './repeat.ts'
import { reshape } from './reshape.ts'
import { flip, roll } from './roll.ts'
import { channelShuffle, pixelShuffle, pixelUnshuffle } from './shuffle.ts'
import { select, slice, sliceGradient } from './slice.ts'
import { chunk, split } from './split.ts'
import { stack } from './stack.ts'
import { tril, triu } from './triangle.ts'
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
  ...[expandAs, viewAs, reshapeAs, narrow, unbind, movedim, mT],
  ...[repeat, tile, repeatInterleave, roll, flip, triu, tril],
  ...[pixelShuffle, pixelUnshuffle, channelShuffle],
]
