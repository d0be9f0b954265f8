import { type Dim, type Dims, dimsEqual, formatDims } from '../ir/dim.ts'
import { formatType, type Value } from '../ir/node.ts'
import type { TensorType } from '../ir/operation.ts'
import { type DType, dtypeInfo } from '../tensor/dtype.ts'
import { ShapeError } from '../tensor/shape-error.ts'

type Types = readonly (TensorType | null)[]

/**
 * The `index`-th input of an operation.
 * @throws TypeError when it is absent
 */
export function inputAt(op: string, inputs: Types, index: number): TensorType {
  const type = inputs[index]
  if (type === null || type === undefined) {
    throw new TypeError(`Cannot record "${op}": expected a tensor as input ${index}, got none`)
  }
  return type
}

/**
 * The `index`-th input, as a value.
 * @throws TypeError when it is absent
 */
export function valueAt(op: string, inputs: readonly (Value | null)[], index: number): Value {
  const value = inputs[index]
  if (value) return value
  throw new TypeError(`Cannot record "${op}": expected a tensor as input ${index}, got none`)
}

/**
 * The `index`-th input, which has to be floating point.
 * @throws TypeError for another dtype
 */
export function floatingAt(op: string, inputs: Types, index: number): TensorType {
  const type = inputAt(op, inputs, index)
  if (dtypeInfo(type.dtype).kind !== 'float') {
    throw new TypeError(
      `Cannot record "${op}": expected a floating dtype for input ${index}, got ${type.dtype}`,
    )
  }
  return type
}

/**
 * The `index`-th input, which has to have one of the given ranks.
 * @throws ShapeError for another rank
 */
export function rankedAt(op: string, inputs: Types, index: number, ...ranks: readonly number[]): TensorType {
  const type = inputAt(op, inputs, index)
  if (!ranks.includes(type.shape.length)) {
    throw new ShapeError(
      `Cannot record "${op}": expected rank ${ranks.join(' or ')} for input ${index}, got ${formatType(type)}`,
    )
  }
  return type
}

/**
 * A dimension counted from the start.
 * @throws RangeError when it is outside [-rank, rank)
 */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const normal = dim < 0 ? dim + Math.max(rank, 1) : dim
  if (!Number.isInteger(dim) || normal < 0 || normal >= Math.max(rank, 1)) {
    throw new RangeError(`Cannot record "${op}": expected a dimension in [${-rank}, ${rank}), got ${dim}`)
  }
  return normal
}

/** Dimensions counted from the start, in ascending order; null and [] stand for all of them. */
export function normalizeDims(op: string, dims: readonly number[] | null, rank: number): number[] {
  if (dims === null || dims.length === 0) return Array.from({ length: rank }, (_, i) => i)
  return dims.map((dim) => normalizeDim(op, dim, rank)).sort((a, b) => a - b)
}

/**
 * Shape that two shapes broadcast to, by NumPy's rules. A symbolic size goes with 1 and with itself.
 * @throws ShapeError when they do not broadcast
 */
export function broadcastDims(op: string, a: Dims, b: Dims): Dims {
  if (a === b) return a
  const rank = Math.max(a.length, b.length)
  const dims: Dim[] = []
  for (let i = -rank; i < 0; i++) {
    const x = a[i + a.length] ?? 1
    const y = b[i + b.length] ?? 1
    if (x !== 1 && y !== 1 && !dimsEqual(x, y))
      throw new ShapeError(
        `Cannot record "${op}": expected shapes that broadcast, got ${formatDims(a)} and ${formatDims(b)} (dimension ${i})`,
      )
    dims.push(x === 1 ? y : x)
  }
  return dims
}

const KIND_ORDER = ['bool', 'uint', 'int', 'float'] as const

/** Dtype of an arithmetic result: the wider kind wins (float over int over bool), then the wider type, as in PyTorch. */
export function promoteDTypes(a: DType, b: DType): DType {
  if (a === b) return a
  const x = dtypeInfo(a)
  const y = dtypeInfo(b)
  const byKind = KIND_ORDER.indexOf(x.kind) - KIND_ORDER.indexOf(y.kind)
  if (byKind !== 0) return byKind > 0 ? a : b
  if (x.bits === y.bits) return 'float32'
  return x.bits > y.bits ? a : b
}

/** Dtype of an arithmetic result with a scalar: a fractional scalar makes an integer tensor float32. */
export function promoteScalar(dtype: DType, scalar: number): DType {
  const { kind } = dtypeInfo(dtype)
  if (kind === 'float') return dtype
  if (!Number.isInteger(scalar)) return 'float32'
  return kind === 'bool' ? 'int64' : dtype
}
