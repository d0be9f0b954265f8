import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { formatType, type Node } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'
import { broadcastDims, inputAt, promoteDTypes, promoteScalar } from '../inference.ts'

/** A second operand that is a number instead of a tensor. */
export type ScalarOperand = { readonly other?: number }

/**
 * Type of an elementwise result of two tensors, or of a tensor and the number `other`.
 * @throws TypeError when there is neither a second tensor nor a number, or both
 */
export function inferBinary(
  op: string,
  inputs: readonly (TensorType | null)[],
  { other }: ScalarOperand,
): TensorType {
  const a = inputAt(op, inputs, 0)
  const b = inputs[1]
  if (other !== undefined) {
    if (b)
      throw new TypeError(
        `Cannot record "${op}": expected one tensor beside the number ${other}, got ${formatType(b)} as well`,
      )
    return { shape: a.shape, dtype: promoteScalar(a.dtype, other) }
  }
  const second = inputAt(op, inputs, 1)
  const dtype =
    a.shape.length > 0 === second.shape.length > 0
      ? promoteDTypes(a.dtype, second.dtype)
      : promoteRanked(a, second)
  return { shape: broadcastDims(op, a.shape, second.shape), dtype }
}

/** ONNX names of both operands, cast to the dtype that the operation computes in. */
export function operands(e: Emitter, { inputs, attrs }: Node<ScalarOperand>, dtype: DType): [string, string] {
  return operandNames(e, e.inputs, inputs, attrs, dtype)
}

/** The same for operands that are not the first inputs of the node: `names` belong to `values`. */
export function operandNames(
  e: Emitter,
  names: readonly string[],
  [a, b]: readonly (TensorType | null)[],
  { other }: ScalarOperand,
  dtype: DType,
): [string, string] {
  const [first = '', second = ''] = names
  const left = a && a.dtype !== dtype ? e.cast(first, dtype) : first
  if (other !== undefined) return [left, e.scalar(other, dtype)]
  return [left, b && b.dtype !== dtype ? e.cast(second, dtype) : second]
}

/** Both operands in an ML program, cast to the dtype that the operation computes in; `first` is the place of the first one among the inputs. */
export function milOperands(
  e: MilEmitter,
  { attrs: { other } }: Node<ScalarOperand>,
  dtype: DType,
  first = 0,
): { readonly x: MilValue; readonly y: MilValue } {
  const x = e.cast(e.input(first), dtype)
  return { x, y: other === undefined ? e.cast(e.input(first + 1), dtype) : e.scalar(other, dtype) }
}

/** Dtype in which the operands of a comparison or an arithmetic operation meet. */
export function commonDType({ inputs: [a, b], attrs }: Node<ScalarOperand>): DType {
  const dtype = a?.dtype ?? 'float32'
  return b ? promoteDTypes(dtype, b.dtype) : promoteScalar(dtype, attrs.other ?? 0)
}

/** PyTorch gives way to the tensor that has dimensions when the other one is a scalar of no wider kind. */
function promoteRanked(a: TensorType, b: TensorType): DType {
  const [ranked, scalar] = a.shape.length > 0 ? [a, b] : [b, a]
  const promoted = promoteDTypes(ranked.dtype, scalar.dtype)
  return categoryOf(promoted) === categoryOf(ranked.dtype) ? ranked.dtype : promoted
}

function categoryOf(dtype: DType): 'float' | 'int' | 'bool' {
  const { kind } = dtypeInfo(dtype)
  return kind === 'uint' ? 'int' : kind
}
