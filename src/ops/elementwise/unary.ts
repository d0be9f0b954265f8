import type { Emitter } from '../../ir/emitter.ts'
import { formatType, type Node } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { inputAt } from '../inference.ts'

/** Type of a real function's result: the input's own floating dtype, float32 for integers and bools, as in PyTorch. */
export function inferFloating(op: string, inputs: readonly (TensorType | null)[]): TensorType {
  const { shape, dtype } = inputAt(op, inputs, 0)
  return { shape, dtype: isFloating(dtype) ? dtype : 'float32' }
}

/**
 * Type of the first input, which has to hold numbers.
 * @throws TypeError for bools
 */
export function inferNumeric(op: string, inputs: readonly (TensorType | null)[]): TensorType {
  const type = inputAt(op, inputs, 0)
  if (type.dtype !== 'bool') return type
  throw new TypeError(`Cannot record "${op}": expected numbers, got ${formatType(type)}`)
}

/** ONNX name of the first input as floating point. */
export function floatingInput(e: Emitter, { inputs: [x] }: Node): string {
  const name = e.inputs[0] ?? ''
  return x && !isFloating(x.dtype) ? e.cast(name, 'float32') : name
}
