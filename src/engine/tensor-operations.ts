import type { Attributes } from '../ir/attributes.ts'
import type { Dim, Dims } from '../ir/dim.ts'
import type { Value } from '../ir/node.ts'
import type { Operation } from '../ir/operation.ts'
import { relu } from '../ops/activation/relu.ts'
import { sigmoid } from '../ops/activation/sigmoid.ts'
import { logSoftmax, softmax } from '../ops/activation/softmax.ts'
import { tanh } from '../ops/activation/tanh.ts'
import { clone, contiguous } from '../ops/elementwise/copies.ts'
import { to } from '../ops/elementwise/to.ts'
import { gather } from '../ops/indexing/gather.ts'
import { index } from '../ops/indexing/index-op.ts'
import { bmm, matmul } from '../ops/matrix/matmul.ts'
import { argmax, argmin } from '../ops/reduction/arg-extremum.ts'
import { cumsum } from '../ops/reduction/cumsum.ts'
import { amax, amin } from '../ops/reduction/extremum.ts'
import { mean } from '../ops/reduction/mean.ts'
import { expand, sum } from '../ops/reduction/sum.ts'
import { variance } from '../ops/reduction/var.ts'
import { splitWithSizes } from '../ops/shape/cat.ts'
import { permute, t, transpose } from '../ops/shape/permute.ts'
import { reshape } from '../ops/shape/reshape.ts'
import { select, slice } from '../ops/shape/slice.ts'
import { chunk, split } from '../ops/shape/split.ts'
import { flatten, squeeze, unflatten, unsqueeze, view } from '../ops/shape/view.ts'
import type { DType } from '../tensor/dtype.ts'
import type { Tensor } from './tensor.ts'
import { TensorArithmetic } from './tensor-arithmetic.ts'

/** One dimension or several; negative ones count from the end. */
export type Dimensions = number | readonly number[]

/** Whether a reduction keeps the dimensions that it reduces, with size 1; default false. */
export interface KeepDimOptions {
  readonly keepdim?: boolean
}

/**
 * What can be done with tensors, under PyTorch's names. Each method records one operation and returns at once; dimensions that are negative
 * count from the end.
 */
export abstract class TensorOperations extends TensorArithmetic {
  /** The tensor's place in the recorded graph. */
  abstract readonly value: Value

  /** Records an operation with several outputs on this tensor and others. */
  protected abstract recordAll<A extends Attributes>(
    op: Operation<A>,
    others: readonly (Tensor | null)[],
    attrs: A,
  ): Tensor[]

  /** One size, which is symbolic during a capture with dynamic shapes. */
  size(dim: number): Dim {
    const size = this.value.shape.at(dim)
    if (size !== undefined) return size
    const rank = this.value.shape.length
    throw new RangeError(`Cannot read a size: expected a dimension in [${-rank}, ${rank}), got ${dim}`)
  }

  /** The same values in another dtype. */
  to(dtype: DType): Tensor {
    return this.record(to, [], { dtype })
  }

  /** Matrix product, batched over leading dimensions. */
  matmul(other: Tensor): Tensor {
    return this.record(matmul, [other], {})
  }

  /** Product of two batches of matrices. */
  bmm(other: Tensor): Tensor {
    return this.record(bmm, [other], {})
  }

  /** Sum over dimensions, by default over all; integers add up as int64. */
  sum(dim?: Dimensions, { keepdim = false }: KeepDimOptions = {}): Tensor {
    return this.record(sum, [], { dim: listOf(dim), keepdim })
  }

  /** Mean over dimensions, by default over all. */
  mean(dim?: Dimensions, { keepdim = false }: KeepDimOptions = {}): Tensor {
    return this.record(mean, [], { dim: listOf(dim), keepdim })
  }

  /** Variance over dimensions, by default over all; `correction` (default 1) is taken off the number of elements. */
  var(
    dim?: Dimensions,
    { keepdim = false, correction = 1 }: KeepDimOptions & { readonly correction?: number } = {},
  ): Tensor {
    return this.record(variance, [], { dim: listOf(dim), correction, keepdim })
  }

  /** Largest value over dimensions, by default over all. */
  amax(dim: Dimensions = [], { keepdim = false }: KeepDimOptions = {}): Tensor {
    return this.record(amax, [], { dim: listOf(dim) ?? [], keepdim })
  }

  /** Smallest value over dimensions, by default over all. */
  amin(dim: Dimensions = [], { keepdim = false }: KeepDimOptions = {}): Tensor {
    return this.record(amin, [], { dim: listOf(dim) ?? [], keepdim })
  }

  /** Position of the largest value, the first of several, as int64: along a dimension, by default in row-major order. */
  argmax(dim: number | null = null, { keepdim = false }: KeepDimOptions = {}): Tensor {
    return this.record(argmax, [], { dim, keepdim })
  }

  /** Position of the smallest value, the first of several, as int64: along a dimension, by default in row-major order. */
  argmin(dim: number | null = null, { keepdim = false }: KeepDimOptions = {}): Tensor {
    return this.record(argmin, [], { dim, keepdim })
  }

  /** Sums up to each position of a dimension. */
  cumsum(dim: number): Tensor {
    return this.record(cumsum, [], { dim })
  }

  /** The same elements under another shape, in which one size may be -1. */
  reshape(shape: Dims): Tensor {
    return this.record(reshape, [], { shape })
  }

  /** As `reshape`, under the name that PyTorch has for it where nothing is copied. */
  view(size: Dims): Tensor {
    return this.record(view, [], { size })
  }

  /** Merges the dimensions from `startDim` (default 0) to `endDim` (default -1), both included. */
  flatten(startDim: number = 0, endDim: number = -1): Tensor {
    return this.record(flatten, [], { startDim, endDim })
  }

  /** Splits a dimension into sizes, one of which may be -1. */
  unflatten(dim: number, sizes: Dims): Tensor {
    return this.record(unflatten, [], { dim, sizes })
  }

  /** Swaps two dimensions. */
  transpose(dim0: number, dim1: number): Tensor {
    return this.record(transpose, [], { dim0, dim1 })
  }

  /** Transposes a matrix. */
  t(): Tensor {
    return this.record(t, [], {})
  }

  /** Puts the dimensions in another order. */
  permute(dims: readonly number[]): Tensor {
    return this.record(permute, [], { dims })
  }

  /** Drops dimensions of size 1: the given ones, or all. */
  squeeze(dim?: Dimensions): Tensor {
    return this.record(squeeze, [], { dim: listOf(dim) })
  }

  /** Inserts a dimension of size 1. */
  unsqueeze(dim: number): Tensor {
    return this.record(unsqueeze, [], { dim })
  }

  /** Repeats dimensions of size 1 up to a shape; -1 keeps a size. */
  expand(size: Dims): Tensor {
    return this.record(expand, [], { size })
  }

  /** Positions `start` to `end` (excluded, default all) of a dimension; negative ones count from the end. */
  slice(
    dim: number,
    start: Dim,
    end: Dim | null = null,
    { step = 1 }: { readonly step?: number } = {},
  ): Tensor {
    return this.record(slice, [], { dim, start, end, step })
  }

  /** One position of a dimension, which is dropped. */
  select(dim: number, index: number): Tensor {
    return this.record(select, [], { dim, index })
  }

  /** Parts along a dimension (default 0): of one size, of which the last one may be smaller, or of a list of sizes. */
  split(sizes: Dim | Dims, dim: number = 0): Tensor[] {
    if (isDims(sizes)) return this.recordAll(splitWithSizes, [], { splitSizes: sizes, dim })
    return this.recordAll(split, [], { splitSize: sizes, dim })
  }

  /** At most `chunks` parts of equal size along a dimension (default 0); the last one may be smaller. */
  chunk(chunks: number, dim: number = 0): Tensor[] {
    return this.recordAll(chunk, [], { chunks, dim })
  }

  /** For each place of `index`, the element in the same place but for `dim`, where the index says which. */
  gather(dim: number, index: Tensor): Tensor {
    return this.record(gather, [index], { dim })
  }

  /** Elements by tensors of positions, one for each dimension that is indexed, null for one that is kept. */
  index(...indices: readonly (Tensor | null)[]): Tensor {
    return this.record(index, indices, {})
  }

  /** The same values, as a tensor of its own. */
  clone(): Tensor {
    return this.record(clone, [], {})
  }

  /** The same values: every tensor here is contiguous. */
  contiguous(): Tensor {
    return this.record(contiguous, [], {})
  }

  /** `max(this, 0)`. */
  relu(): Tensor {
    return this.record(relu, [], {})
  }

  /** `1 / (1 + exp(-this))`. */
  sigmoid(): Tensor {
    return this.record(sigmoid, [], {})
  }

  /** Hyperbolic tangent. */
  tanh(): Tensor {
    return this.record(tanh, [], {})
  }

  /** Exponentials along a dimension, divided by their sum. */
  softmax(dim: number): Tensor {
    return this.record(softmax, [], { dim })
  }

  /** Logarithm of the softmax along a dimension. */
  logSoftmax(dim: number): Tensor {
    return this.record(logSoftmax, [], { dim })
  }
}

function listOf(dim: Dimensions | undefined): readonly number[] | null {
  return typeof dim === 'number' ? [dim] : (dim ?? null)
}

function isDims(sizes: Dim | Dims): sizes is Dims {
  return Array.isArray(sizes)
}
