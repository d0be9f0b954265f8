import type { Emitter } from '../../ir/emitter.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'

/** Smallest and largest value that an integer dtype of up to eight bits holds. */
export function integerRange(dtype: DType): readonly [min: number, max: number] {
  const { bits, kind } = dtypeInfo(dtype)
  return kind === 'uint' ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}

/** The dtype in which single quantized values are carried: integers of up to eight bits in eight, floats as they are. */
export function quantizedStorage(dtype: DType): DType {
  const { kind } = dtypeInfo(dtype)
  return kind === 'float' ? dtype : kind === 'uint' ? 'uint8' : 'int8'
}

/** clip(round(ratio) + shift) to all that an integer dtype holds, as float32; rounding is half to even. */
export function roundedClip(e: Emitter, ratio: string, shift: string, dtype: DType): string {
  const [min, max] = integerRange(dtype)
  return e.op('Clip', [e.op('Add', [e.op('Round', [ratio]), shift]), e.scalar(min), e.scalar(max)])
}
