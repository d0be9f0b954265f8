import {
  dequantizeArray,
  type FakeQuantize,
  fromHost,
  makeFakeQuantize,
  QuantizationSpec,
  quantizeArray,
  type Tensor,
} from 'lowbit'
import { type DType, HostArray, toFloat32 } from '../../src/tensor/index.ts'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { compareState } from './quantizer-state.ts'
import { readTarget } from './recorded-specs.ts'
import { compareTensors, tensorNamed } from './tensors.ts'

const silent = { warn() {} }

/** Checks an entry of numerics/fake_quant: a fake quantizer that is fed step by step. */
export async function checkFakeQuant(context: EntryContext): Promise<Divergence | undefined> {
  const { entry } = context
  let spec: QuantizationSpec
  try {
    spec = QuantizationSpec.fromDict(entry.spec)
  } catch (error) {
    return compareError('spec', entry.spec_error ?? 'no error', error)
  }
  if (entry.spec_error !== undefined) return compareError('spec', entry.spec_error, undefined)
  let quantizer: FakeQuantize
  try {
    quantizer = makeFakeQuantize(spec, readTarget(entry.target), { logger: silent })
  } catch (error) {
    return compareError('construction', entry.construct_error ?? 'no error', error)
  }
  if (entry.construct_error !== undefined)
    return compareError('construction', entry.construct_error, undefined)
  const derived = compareDerived(entry.derived as JsonObject, spec, quantizer)
  if (derived !== undefined) return derived
  for (const [i, step] of (entry.steps as JsonObject[]).entries()) {
    const divergence = await checkStep(context, step, spec, quantizer)
    if (divergence !== undefined) return { ...divergence, where: `steps[${i}].${divergence.where}` }
  }
  return undefined
}

function compareDerived(
  derived: JsonObject,
  spec: QuantizationSpec,
  quantizer: FakeQuantize,
): Divergence | undefined {
  const got: JsonObject = {
    quant_min: spec.quantMin,
    quant_max: spec.quantMax,
    n_bits: spec.nBits,
    target_dtype: spec.targetDtype,
    scale_dtype: spec.scaleDtype,
    stateless: quantizer.qparams_calculator.isStateless,
  }
  const [key] = Object.keys(got).filter((name) => derived[name] !== got[name])
  return key === undefined
    ? undefined
    : { where: `derived.${key}`, expected: String(derived[key]), got: String(got[key]) }
}

async function checkStep(
  context: EntryContext,
  step: JsonObject,
  spec: QuantizationSpec,
  quantizer: FakeQuantize,
): Promise<Divergence | undefined> {
  quantizer.enableObserver(step.kind === 'observe')
  const input = tensorNamed(context, step.input)
  const x = fromHost(input)
  x.requiresGrad = true
  let output: Tensor
  try {
    output = quantizer(x)
  } catch (error) {
    return compareError('output', step.error ?? 'no error', error)
  }
  if (step.error !== undefined) return compareError('output', step.error, undefined)
  if (step.upstream !== undefined && output !== x)
    output.backward(fromHost(tensorNamed(context, step.upstream)))
  const recorded = tensorNamed(context, step.output)
  return (
    compareTensors('output', recorded, await output.array()) ??
    (step.disabled === true
      ? disabled(quantizer)
      : await checkActive(context, step, { spec, quantizer, x, recorded }))
  )
}

function disabled(quantizer: FakeQuantize): Divergence | undefined {
  return quantizer.isDisabled ? undefined : { where: 'disabled', expected: 'true', got: 'false' }
}

interface Active {
  readonly spec: QuantizationSpec
  readonly quantizer: FakeQuantize
  readonly x: Tensor
  readonly recorded: HostArray
}

async function checkActive(
  context: EntryContext,
  step: JsonObject,
  { spec, quantizer, x, recorded }: Active,
): Promise<Divergence | undefined> {
  const observed = quantizer.qparams_calculator.isStateless
    ? quantizer.observe(fromHost(tensorNamed(context, step.input)))
    : undefined
  const state = await compareState(context, step, quantizer, observed)
  if (state !== undefined) return state
  if (step.upstream !== undefined) {
    const grad = compareTensors('grad', tensorNamed(context, step.grad), (await x.grad?.array()) ?? null)
    if (grad !== undefined) return grad
  }
  if (step.quantized === undefined) return undefined
  const { scale, zeroPoint, minval } = observed ?? quantizer.qparams_calculator.qparams
  const qparams = {
    scale: await scale.array(),
    zeroPoint: (await zeroPoint?.array()) ?? null,
    minval: (await minval?.array()) ?? null,
  }
  const results = toFloat32(recorded)
  const skip = (i: number) => Number.isNaN(results[i])
  const quantized = quantizeArray(tensorNamed(context, step.input), qparams, spec)
  return (
    compareTensors(
      'quantized',
      withDType(tensorNamed(context, step.quantized), spec.targetDtype),
      quantized,
      { skip },
    ) ??
    compareTensors(
      'dequantized',
      tensorNamed(context, step.dequantized),
      dequantizeArray(quantized, qparams, spec),
      { skip },
    )
  )
}

/** 8-bit floats are recorded as raw bytes. */
function withDType(recorded: HostArray, dtype: DType): HostArray {
  return recorded.dtype === 'uint8' ? new HostArray(dtype, recorded.shape, recorded.bytes) : recorded
}
