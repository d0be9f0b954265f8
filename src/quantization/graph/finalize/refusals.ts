import type { Dims } from '../../../ir/dim.ts'
import type { Node } from '../../../ir/node.ts'
import type { ExportBackend } from '../../config/execution-mode.ts'
import { ExportError } from '../../export-error.ts'
import { FakeQuantize } from '../../fake-quantize/fake-quantize.ts'
import type { GraphDraft } from './graph-draft.ts'

/** A tensor that is quantized, as a backend judges it. */
export interface JudgedTensor {
  readonly fakeQuantize: FakeQuantize
  /** The path of a parameter or buffer, or the name of the node or input that makes the value. */
  readonly name: string
  /** Whether it is a parameter or buffer that is quantized as a weight; else it is quantized when the model runs. */
  readonly isState: boolean
  /** Undefined where it is not known before a run. */
  readonly shape: Dims | undefined
}

/** A fake quantizer where it is called. */
export interface QuantizedTensor extends JudgedTensor {
  readonly node: Node
}

/** What a backend cannot express, and the nearest thing that it can. */
export interface Refusal {
  /** What was asked for, such as `the dtype int2`. */
  readonly problem: string
  /** What would work, such as `int4`. */
  readonly instead: string
}

/** What stands against a tensor, if anything. */
export type Judge = (tensor: JudgedTensor) => Refusal | undefined

/** The tensors that a draft quantizes, in order. */
export function quantizedTensors(draft: GraphDraft): QuantizedTensor[] {
  return draft.liveNodes().flatMap((node) => {
    const fakeQuantize = draft.called(node, FakeQuantize)
    const [source] = node.inputs
    if (fakeQuantize === undefined || !source) return []
    const state = draft.state(source)
    const isState = state !== undefined && fakeQuantize.target === 'weight'
    const name = state?.name ?? draft.nameOf(source)
    return [{ node, fakeQuantize, name, isState, shape: source.shape }]
  })
}

/**
 * Refuses a draft before anything of it is changed.
 * @param judge what stands against a tensor, if anything
 * @throws ExportError with every tensor that a backend cannot express, or when nothing is quantized
 */
export function refuseUnsupported(draft: GraphDraft, backend: ExportBackend, judge: Judge): void {
  const tensors = quantizedTensors(draft)
  if (tensors.length === 0) {
    throw new ExportError(
      `Cannot finalize for "${backend}": expected at least one quantized tensor, got none\n` +
        'Hint: the backend "_torch" keeps a model without quantization as it is',
      [],
    )
  }
  refuseTensors(tensors, backend, judge)
}

/**
 * Refuses tensors before anything is changed.
 * @throws ExportError with every tensor that a backend cannot express
 */
export function refuseTensors(tensors: readonly JudgedTensor[], backend: ExportBackend, judge: Judge): void {
  const refused = tensors.flatMap((tensor) => {
    const refusal = storedRange(tensor) ?? judge(tensor)
    return refusal === undefined ? [] : [{ name: tensor.name, refusal }]
  })
  if (refused.length === 0) return
  const list = refused.map(
    ({ name, refusal: { problem, instead } }) => `"${name}": ${problem} (${instead} would work)`,
  )
  throw new ExportError(
    `Cannot finalize for "${backend}": expected what the backend can express, got ${list.join('; ')}`,
    refused.map(({ name }) => name),
  )
}

/** Ranges that are computed anew at every call cannot be written down. */
function storedRange({ fakeQuantize }: JudgedTensor): Refusal | undefined {
  const { qparams_calculator: calculator, spec } = fakeQuantize
  return calculator.isStateless
    ? {
        problem: `the calculator "${spec.qparamCalculator}", which stores no scales`,
        instead: '"moving_average"',
      }
    : undefined
}
