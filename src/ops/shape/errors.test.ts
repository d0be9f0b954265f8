import { expect, test } from 'vitest'
import { rejected } from '../../../test/rejected.ts'
import { n, s, typed } from '../../../test/symbolic-inference.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { cat, splitWithSizes } from './cat.ts'
import { constantPadNd, pad } from './pad.ts'
import { permute, t, transpose } from './permute.ts'
import { reshape } from './reshape.ts'
import { select, slice } from './slice.ts'
import { chunk, split } from './split.ts'
import { stack } from './stack.ts'
import { flatten, unflatten, unsqueeze, view } from './view.ts'

const MATRIX = typed([2, 6])
const SLICE = { dim: 0, start: 0, end: null, step: 1 }

const ROWS = [
  rejected(
    cat,
    [],
    { dim: 0 },
    new TypeError('Cannot record "aten.cat": expected a tensor as input 0, got none'),
  ),
  rejected(
    cat,
    [MATRIX, typed([3, 5])],
    { dim: 0 },
    new ShapeError(
      'Cannot record "aten.cat": expected shapes that differ in dimension 0 only, got [2, 6] and [3, 5]',
    ),
  ),
  rejected(
    splitWithSizes,
    [MATRIX],
    { splitSizes: [1, 2], dim: 1 },
    new ShapeError('Cannot record "aten.split_with_sizes": expected sizes that add up to 6, got [1, 2]'),
  ),
  rejected(
    split,
    [MATRIX],
    { splitSize: 0, dim: 1 },
    new RangeError('Cannot record "aten.split": expected pieces of at least one element, got 0'),
  ),
  rejected(
    split,
    [typed([n, 6])],
    { splitSize: 2, dim: 0 },
    new ShapeError(
      'Cannot record "aten.split": expected a dimension that divides into pieces of 2, got dimension 0 of float32 [n, 6]',
    ),
  ),
  rejected(
    chunk,
    [MATRIX],
    { chunks: 0, dim: 1 },
    new RangeError('Cannot record "aten.chunk": expected chunks of at least 1, got 0'),
  ),
  rejected(
    chunk,
    [typed([s])],
    { chunks: 3, dim: 0 },
    new ShapeError(
      'Cannot record "aten.chunk": expected a dimension that divides into 3 chunks, got dimension 0 of float32 [s]',
    ),
  ),
  rejected(
    stack,
    [MATRIX, typed([6, 2])],
    { dim: 0 },
    new ShapeError('Cannot record "aten.stack": expected tensors of one shape, got [2, 6] and [6, 2]'),
  ),
  rejected(
    stack,
    [MATRIX, typed([2, 6], 'int64')],
    { dim: 0 },
    new TypeError('Cannot record "aten.stack": expected tensors of one dtype, got float32 and int64'),
  ),
  rejected(
    slice,
    [MATRIX],
    { ...SLICE, step: 0 },
    new RangeError('Cannot record "aten.slice": expected a step of at least 1, got 0'),
  ),
  rejected(
    slice,
    [typed([])],
    SLICE,
    new ShapeError('Cannot record "aten.slice": expected at least one dimension, got a scalar'),
  ),
  rejected(
    slice,
    [typed([n])],
    { ...SLICE, start: 4, end: 2 },
    new ShapeError('Cannot record "aten.slice": expected an end after the start, got [4, 2]'),
  ),
  rejected(
    select,
    [MATRIX],
    { dim: 1, index: 6 },
    new RangeError(
      'Cannot record "aten.select": expected an index within dimension 1 of float32 [2, 6], got 6',
    ),
  ),
  rejected(
    permute,
    [MATRIX],
    { dims: [0, -2] },
    new RangeError(
      'Cannot record "aten.permute": expected dims that name each dimension of [2, 6] once, got [0, -2]',
    ),
  ),
  rejected(
    transpose,
    [MATRIX],
    { dim0: 0, dim1: 2 },
    new RangeError('Cannot record "aten.transpose": expected a dimension in [-2, 2), got 2'),
  ),
  rejected(
    t,
    [typed([1, 2, 3])],
    {},
    new ShapeError('Cannot record "aten.t": expected rank 0 or 1 or 2 for input 0, got float32 [1, 2, 3]'),
  ),
  rejected(
    reshape,
    [MATRIX],
    { shape: [5, -1] },
    new ShapeError('Cannot record "aten.reshape": expected a shape with 12 elements, got [5, -1] for [2, 6]'),
  ),
  rejected(
    view,
    [MATRIX],
    { size: [3, 3] },
    new ShapeError('Cannot record "aten.view": expected a shape with 12 elements, got [3, 3] for [2, 6]'),
  ),
  rejected(
    flatten,
    [MATRIX],
    { startDim: 1, endDim: 0 },
    new RangeError(
      'Cannot record "aten.flatten": expected startDim not to come after endDim, got 1 and 0 for [2, 6]',
    ),
  ),
  rejected(
    unflatten,
    [MATRIX],
    { dim: 1, sizes: [4, 2] },
    new ShapeError('Cannot record "aten.unflatten": expected a shape with 6 elements, got [4, 2] for [6]'),
  ),
  rejected(
    unsqueeze,
    [MATRIX],
    { dim: 3 },
    new RangeError('Cannot record "aten.unsqueeze": expected a dimension in [-3, 3), got 3'),
  ),
  rejected(
    constantPadNd,
    [MATRIX],
    { pad: [1, 1, 1], value: 0 },
    new ShapeError(
      'Cannot record "aten.constant_pad_nd": expected two pads for each of at most 2 dimensions, got 3',
    ),
  ),
  rejected(
    constantPadNd,
    [MATRIX],
    { pad: [-4, -3], value: 0 },
    new ShapeError(
      'Cannot record "aten.constant_pad_nd": expected pads that leave something, got [-4, -3] for float32 [2, 6]',
    ),
  ),
  rejected(
    pad,
    [MATRIX],
    { pad: [1, 1], mode: 'mirror', value: null },
    new RangeError(
      'Cannot record "aten.pad": expected the mode "constant" or one of reflect, replicate, circular, got "mirror"',
    ),
  ),
]

test.each(ROWS)('%s rejects what it does not take: %s', (_name, _message, infer, error) => {
  expect(infer).toThrow(error)
})
