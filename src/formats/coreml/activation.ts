import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import type { CoreMLActivation } from '../../quantization/graph/finalize/coreml-activation.ts'
import { HostArray } from '../../tensor/host-array.ts'

/** Scale and zero point of an activation, of rank 0. */
export interface StoredActivation {
  readonly dtype: 'int8' | 'uint8'
  readonly scale: HostArray
  readonly zeroPoint: HostArray
}

/** What a module that quantizes an activation holds. */
export async function storedActivation({ quantize }: CoreMLActivation): Promise<StoredActivation> {
  const { dtype, scale, zero_point } = quantize
  return { dtype, scale: asScalar(await scale.array()), zeroPoint: asScalar(await zero_point.array()) }
}

/** Writes the first input, quantized and back. */
export function quantizeDequantize(e: MilEmitter, { dtype, scale, zeroPoint }: StoredActivation): MilValue {
  const qparams = { scale: e.constant(scale), zero_point: e.constant(zeroPoint) }
  const quantized = e.op('quantize', { input: e.input(0), ...qparams, output_dtype: dtype }, { dtype })
  return e.op('dequantize', { input: quantized, ...qparams })
}

function asScalar({ dtype, bytes }: HostArray): HostArray {
  return new HostArray(dtype, [], bytes)
}
