import { type Dim, type Dims, isConcrete } from '../ir/dim.ts'
import { arange as arangeOp } from '../ops/creation/arange.ts'
import { ones as onesOp, zeros as zerosOp } from '../ops/creation/filled.ts'
import { full as fullOp } from '../ops/creation/full.ts'
import type { DType } from '../tensor/dtype.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import { fromValues } from '../tensor/from-values.ts'
import { byteLength, HostArray } from '../tensor/host-array.ts'
import { type Shape, sizeOf } from '../tensor/shape.ts'
import { generator } from './generator.ts'
import { recorder } from './recorder.ts'
import { fromHost, record, type Tensor } from './tensor.ts'
import { hostArrayOf, type TensorData } from './tensor-data.ts'

/** How the numbers of a new tensor are to be taken. */
export interface TensorOptions {
  /** Default: the shape of the data. */
  readonly shape?: Shape
  /** Default: a typed array's own, int64 for bigints, bool for booleans, else float32. */
  readonly dtype?: DType
  /** Whether `backward` leaves a gradient in `grad`; default false. */
  readonly requiresGrad?: boolean
}

/** The dtype of a tensor that is made without data; float32 by default. */
export interface DTypeOptions {
  readonly dtype?: DType
}

/**
 * A tensor of the given numbers, which are copied.
 *
 * @throws ShapeError when nested arrays are ragged, or the number of elements is not that of `shape`
 * @throws RangeError when an integer dtype cannot hold a number
 * @example
 * tensor([[1, 2], [3, 4]]).shape // => [2, 2]
 */
export function tensor(data: TensorData, { shape, dtype, requiresGrad = false }: TensorOptions = {}): Tensor {
  const made = fromHost(hostArrayOf(data, shape, dtype))
  made.requiresGrad = requiresGrad
  return made
}

/** A tensor of rank 0. */
export function scalar(value: number | bigint, { dtype = 'float32' }: DTypeOptions = {}): Tensor {
  return fromHost(fromValues(dtype, [], [value]))
}

/** A tensor of zeros. Inside of a module's forward it is recorded, so that a capture holds it. */
export function zeros(shape: Dims, { dtype = 'float32' }: DTypeOptions = {}): Tensor {
  if (recorder.depth > 0 || !isConcrete(shape)) return record(zerosOp, [], { size: shape, dtype })
  return fromHost(new HostArray(dtype, shape, new Uint8Array(byteLength(dtype, shape))))
}

/** A tensor of ones. Inside of a module's forward it is recorded, so that a capture holds it. */
export function ones(shape: Dims, { dtype = 'float32' }: DTypeOptions = {}): Tensor {
  if (recorder.depth > 0 || !isConcrete(shape)) return record(onesOp, [], { size: shape, dtype })
  return fromHost(filled(shape, 1, dtype))
}

/** A tensor of one value. Inside of a module's forward it is recorded, so that a capture holds it. */
export function full(shape: Dims, fillValue: number, { dtype = 'float32' }: DTypeOptions = {}): Tensor {
  if (recorder.depth > 0 || !isConcrete(shape)) return record(fullOp, [], { size: shape, fillValue, dtype })
  return fromHost(filled(shape, fillValue, dtype))
}

/**
 * The numbers from `start` up to `end`, excluded, `step` (default 1) apart; int64 for integers, else float32, unless a dtype is given.
 * Inside of a module's forward it is recorded, so that a capture holds it.
 *
 * @throws RangeError when `step` does not lead from `start` to `end`
 */
export function arange(
  start: Dim,
  end: Dim,
  { step = 1, dtype }: DTypeOptions & { readonly step?: number } = {},
): Tensor {
  return record(arangeOp, [], { start, end, step, ...(dtype === undefined ? {} : { dtype }) })
}

/** Evenly distributed float32 numbers in [0, 1); `manualSeed` makes them repeat. */
export function rand(shape: Shape): Tensor {
  return fromHost(fromTypedArray(generator().uniform(shape), shape))
}

/** Float32 numbers with mean 0 and standard deviation 1; `manualSeed` makes them repeat. */
export function randn(shape: Shape): Tensor {
  return fromHost(fromTypedArray(generator().normal(shape), shape))
}

function filled(shape: Shape, value: number, dtype: DType): HostArray {
  const count = sizeOf(shape)
  if (dtype === 'float32') return fromTypedArray(new Float32Array(count).fill(value), shape)
  return fromValues(dtype, shape, new Array<number>(count).fill(value))
}
