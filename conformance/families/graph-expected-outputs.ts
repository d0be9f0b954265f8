import type { GraphModule } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import { readTensors } from './graph-recordings.ts'

/** Recorded outputs, under `<prefix>.<batch>.<output>`. */
export interface RecordedOutputs {
  readonly tensors: ReadonlyMap<string, HostArray>
  readonly prefix: string
}

/**
 * Biases that the reference loses where it folds batch norms in: those of joined convolutions whose bias is quantized, of which it sees the zeros that
 * stand for it.
 */
export function lostBiases({ graph }: GraphModule): ReadonlySet<string> {
  const names = new Map(graph.inputs.map(({ value, name }) => [value, name]))
  const lost = graph.nodes.flatMap(({ inputs: [zeros], attrs }) => {
    const [bias] = zeros?.node?.op.name === 'aten.zeros_like' ? zeros.node.inputs : []
    return typeof attrs.target === 'string' && bias ? (names.get(bias) ?? []) : []
  })
  return new Set(lost)
}

/**
 * What a finalized model has to compute, by the recordings that it may agree with. Where the reference lost a bias, that is what the model computed
 * before it was finalized. For Core ML the reference quantizes by the reciprocal of a scale, which lowbit does for no backend: it may compute what
 * was recorded for Core AI, too.
 */
export function expectedOutputs(
  folder: string,
  backend: string,
  tensors: ReadonlyMap<string, HostArray>,
  lost: ReadonlySet<string>,
): readonly RecordedOutputs[] {
  if (lost.size > 0)
    return [{ tensors: readTensors(folder, 'calibrated.safetensors'), prefix: 'out.calibrated' }]
  const own = { tensors, prefix: `${backend}.out` }
  const isRecorded = [...tensors.keys()].some((key) => key.startsWith('CoreAI.out.'))
  return backend === 'CoreML' && isRecorded ? [own, { tensors, prefix: 'CoreAI.out' }] : [own]
}
