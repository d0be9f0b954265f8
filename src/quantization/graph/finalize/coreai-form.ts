import type { Value } from '../../../ir/node.ts'
import { Buffer } from '../../../nn/parameter.ts'
import { coreaiDequantize, coreaiQuantize } from '../../../ops/quantization/coreai-activation.ts'
import { constexprBlockwiseShiftScale } from '../../../ops/quantization/coreai-weight.ts'
import { castArray } from '../../../tensor/cast-array.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { bitsOf, isQuantizedFloat } from '../../spec/dtypes.ts'
import { outputOf } from '../graph-view.ts'
import type { GraphDraft } from './graph-draft.ts'
import { type StoredQParams, squeezedQParams, storedQParams } from './host-qparams.ts'
import {
  type JudgedTensor,
  type QuantizedTensor,
  quantizedTensors,
  type Refusal,
  refuseUnsupported,
} from './refusals.ts'
import { coreaiWeightData } from './weight-data.ts'

/** Values that share a scale in fp4, as the microscaling formats have it. */
const FLOAT4_BLOCK = 32

/** @throws ExportError with every tensor that Core AI cannot express */
export function checkCoreAIForm(draft: GraphDraft): void {
  refuseUnsupported(draft, ExportBackend.CoreAI, coreaiRefusal)
}

/**
 * Replaces fake quantizers by Core AI's operations: a weight becomes `<path>_quantized` with `_scale`, `_zero_point` or `_minval` and its decompression,
 * another value passes through a quantize and a dequantize. Dense weights that nothing reads any more lose their elements.
 */
export async function quantizeForCoreAI(draft: GraphDraft): Promise<void> {
  for (const tensor of quantizedTensors(draft)) {
    draft.signal?.throwIfAborted()
    const qparams = await storedQParams(tensor.fakeQuantize)
    const value = tensor.isState
      ? await decompressed(draft, tensor, qparams)
      : quantizedWhenRun(draft, tensor, qparams)
    draft.replace(outputOf(tensor.node), value)
  }
}

/** What stands against a tensor in Core AI: activations in blocks or below 8 bits, which its runtime in PyTorch cannot store, weights of fp4 in other shapes than matrices and other blocks than 32. */
export function coreaiRefusal({ fakeQuantize, shape, isState }: JudgedTensor): Refusal | undefined {
  const { spec, granularity } = fakeQuantize
  const isFloat4 = spec.dtype === 'float4_e2m1fn_x2'
  if (!isState) {
    if (granularity.type === 'per_block')
      return { problem: 'blocks of an activation', instead: 'per_tensor or per_channel' }
    if (bitsOf(spec.dtype) === 8) return undefined
    const wide = spec.dtype.startsWith('u') ? 'uint8' : 'int8'
    return {
      problem: `an activation of dtype ${spec.dtype}`,
      instead: isFloat4 ? 'float8_e4m3fn' : wide,
    }
  }
  if (!isFloat4) return undefined
  const scale = fakeQuantize.qparams_calculator.scale.shape
  const isBlocked = scale.length === 2 && Number(shape?.[1]) === (scale[1] ?? 0) * FLOAT4_BLOCK
  if (shape?.length === 2 && isBlocked) return undefined
  return {
    problem: `float4_e2m1fn_x2 of shape [${shape?.join(', ') ?? ''}] with scales of [${scale.join(', ')}]`,
    instead: 'a matrix in blocks of [1, 32], or float8_e4m3fn',
  }
}

async function decompressed(
  draft: GraphDraft,
  { node, fakeQuantize: { spec } }: QuantizedTensor,
  qparams: StoredQParams,
): Promise<Value> {
  const state = draft.state(node.inputs[0])
  if (state === undefined)
    throw new RangeError(`Cannot finalize "${node.name}": expected it to read a state (a bug in lowbit)`)
  const name = state.name.replaceAll('.', '_')
  const weight = await state.tensor.array()
  const { data, scale, zeroPoint, minval, attributes } = coreaiWeightData(weight, qparams, spec)
  const add = (suffix: string, array: HostArray) => draft.addState(`${name}_${suffix}`, new Buffer(array))
  const inputs = [
    add('quantized', data),
    add('scale', scale),
    zeroPoint && add('zero_point', zeroPoint),
    minval && add('minval', minval),
  ]
  while (inputs.at(-1) === null) inputs.pop()
  draft.retire(state)
  return draft.insertBefore(node, constexprBlockwiseShiftScale, inputs, attributes)
}

function quantizedWhenRun(draft: GraphDraft, tensor: QuantizedTensor, stored: StoredQParams): Value {
  const { node, fakeQuantize } = tensor
  const { spec } = fakeQuantize
  const [source] = node.inputs
  const { axis, scale, zeroPoint, minval } = squeezedQParams(stored, fakeQuantize.granularity)
  const add = (suffix: string, array: HostArray) =>
    draft.addState(`${node.name}_${suffix}`, new Buffer(array))
  const shared = [
    add('scale', scale),
    zeroPoint && add('zero_point', castArray(zeroPoint, spec.targetDtype)),
    minval && add('minval', minval),
  ]
  while (shared.at(-1) === null) shared.pop()
  const q = draft.insertBefore(node, coreaiQuantize, [source ?? null, ...shared], {
    outputDtype: spec.dtype,
    axis,
  })
  return draft.insertBefore(node, coreaiDequantize, [q, ...shared], {
    inputDtype: isQuantizedFloat(spec.dtype) ? null : spec.dtype,
    outputDtype: source?.dtype ?? null,
    axis,
  })
}
