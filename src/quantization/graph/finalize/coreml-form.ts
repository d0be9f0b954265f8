import { callModule } from '../../../nn/call-module.ts'
import { joinPath } from '../../../nn/module.ts'
import { Buffer, Parameter } from '../../../nn/parameter.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { outputOf } from '../graph-view.ts'
import { CoreMLActivation } from './coreml-activation.ts'
import type { GraphDraft } from './graph-draft.ts'
import { type StoredQParams, storedQParams } from './host-qparams.ts'
import {
  type JudgedTensor,
  type QuantizedTensor,
  quantizedTensors,
  type Refusal,
  refuseUnsupported,
} from './refusals.ts'
import { COREML_VERSION, coremlMetadata, quantizedValues } from './weight-data.ts'

const WEIGHT_DTYPES = ['int8', 'uint8', 'int4', 'uint4']
const ACTIVATION_DTYPES = ['int8', 'uint8']

/** @throws ExportError with every tensor that Core ML cannot express */
export function checkCoreMLForm(draft: GraphDraft): void {
  refuseUnsupported(draft, ExportBackend.CoreML, coremlRefusal)
}

/**
 * Replaces fake quantizers as coremltools reads them: a weight takes its fake-quantized values, with how it is quantized in buffers
 * `_COREML_/<name>/...` beside it; another value passes through a module `_mil_act_quant_<name>`.
 */
export async function quantizeForCoreML(draft: GraphDraft): Promise<void> {
  for (const tensor of quantizedTensors(draft)) {
    draft.signal?.throwIfAborted()
    const qparams = await storedQParams(tensor.fakeQuantize)
    if (tensor.isState) await overwriteWeight(draft, tensor, qparams)
    else callActivation(draft, tensor, qparams)
  }
  const [name, version] = COREML_VERSION
  draft.keepState(name, new Buffer(version))
}

/** What stands against a tensor in Core ML: dtypes and formulations that it does not know, activations that are not quantized as a whole. */
export function coremlRefusal({
  fakeQuantize: { spec, granularity },
  isState,
}: JudgedTensor): Refusal | undefined {
  const allowed = isState ? WEIGHT_DTYPES : ACTIVATION_DTYPES
  if (!allowed.includes(spec.dtype)) {
    const kind = isState ? 'a weight' : 'an activation'
    return { problem: `${kind} of dtype ${spec.dtype}`, instead: nearestDtype(spec.dtype, isState) }
  }
  if (spec.qformulation === 'minval') return { problem: 'the formulation "minval"', instead: '"zp"' }
  if (!isState && granularity.type !== 'per_tensor')
    return { problem: `an activation ${granularity.type}`, instead: 'per_tensor' }
  return undefined
}

function nearestDtype(dtype: string, isState: boolean): string {
  const prefix = dtype.startsWith('uint') ? 'uint' : 'int'
  return `${prefix}${isState && (dtype.endsWith('2') || dtype.startsWith('float4')) ? 4 : 8}`
}

async function overwriteWeight(
  draft: GraphDraft,
  tensor: QuantizedTensor,
  qparams: StoredQParams,
): Promise<void> {
  const { node, fakeQuantize } = tensor
  const { spec } = fakeQuantize
  const state = draft.state(node.inputs[0])
  if (state === undefined) return
  const weight = await state.tensor.array()
  const values = quantizedValues(weight, qparams, spec)
  const content = state.tensor instanceof Parameter ? new Parameter(values) : new Buffer(values)
  draft.replace(outputOf(node), draft.overwrite(state, content))
  const dot = state.name.lastIndexOf('.')
  const owner = dot < 0 ? '' : state.name.slice(0, dot)
  for (const [key, array] of coremlMetadata(qparams, spec))
    draft.keepState(joinPath(owner, `_COREML_/${state.name.slice(dot + 1)}/${key}`), new Buffer(array))
}

function callActivation(
  draft: GraphDraft,
  { node, fakeQuantize }: QuantizedTensor,
  qparams: StoredQParams,
): void {
  const target = `_mil_act_quant_${node.name}`
  draft.addModule(
    target,
    new CoreMLActivation(qparams, fakeQuantize.spec.dtype === 'uint8' ? 'uint8' : 'int8'),
  )
  const [source] = node.inputs
  draft.replace(outputOf(node), draft.insertBefore(node, callModule, [source ?? null], { target }, target))
}
