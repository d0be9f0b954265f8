import type { Operation } from '../../ir/operation.ts'
import type { DType } from '../../tensor/dtype.ts'
import { defineOp } from '../define-op.ts'
import { floatingAt, inputAt } from '../inference.ts'
import { dequantized } from './coreai-activation.ts'
import { checkDivision } from './division.ts'

/** `inputDtype` is null for floats; `outputDtype` is the scale's where it is null, which e8m0 scales cannot be. */
export type BlockwiseShiftScaleAttributes = {
  readonly inputDtype: DType | null
  readonly outputDtype: DType | null
}

const NAME = 'coreai.constexpr_blockwise_shift_scale'

/**
 * Core AI's decompression of a weight: scale * (q - zeroPoint), scale * (q - lowest) + minval, or scale * q. Inputs: data (integers below eight bits in eight), scale of the data's rank, whose sizes divide the data's into blocks, zero point or null, minval or null.
 */
export const constexprBlockwiseShiftScale: Operation<BlockwiseShiftScaleAttributes> = defineOp({
  name: NAME,
  infer(inputs, { outputDtype }) {
    const scale = floatingAt(NAME, inputs, 1)
    const { shape } = inputAt(NAME, inputs, 0)
    checkDivision(NAME, shape, scale.shape, { axis: null, blockSize: null })
    return [{ shape, dtype: outputDtype ?? scale.dtype }]
  },
  gradient: 'none',
  lower(e, { op, inputs, attrs: { inputDtype } }) {
    const node = { op, inputs, attrs: { axis: null, blockSize: null } }
    return [dequantized(e, node, inputDtype ?? inputs[0]?.dtype ?? 'int8')]
  },
})
