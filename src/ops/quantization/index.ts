// Operations of quantization: ranges of blocks, what follows from them, and quantized values.
import type { Operation } from '../../ir/operation.ts'
import { applyMask } from './apply-mask.ts'
import { blockRange } from './block-range.ts'
import { coreaiDequantize, coreaiQuantize } from './coreai-activation.ts'
import { constexprBlockwiseShiftScale } from './coreai-weight.ts'
import { fakeQuantize } from './fake-quantize.ts'
import { histogram } from './histogram.ts'
import { dequantize, quantize } from './quantize.ts'
import { rangeToQParams } from './range-to-qparams.ts'
import { runningRange } from './running-range.ts'
import { scaledFakeQuantize } from './scaled-fake-quantize.ts'

/** The operations of this folder, in the order of their files. */
export const quantizationOperations: readonly Operation[] = [
  applyMask,
  blockRange,
  constexprBlockwiseShiftScale,
  coreaiQuantize,
  coreaiDequantize,
  fakeQuantize,
  quantize,
  dequantize,
  histogram,
  rangeToQParams,
  runningRange,
  scaledFakeQuantize,
]
