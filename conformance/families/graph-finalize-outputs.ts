import type { GraphModule } from 'lowbit'
import type { Divergence } from '../divergence.ts'
import type { CaseInputs } from './graph-case.ts'
import type { RecordedOutputs } from './graph-expected-outputs.ts'
import { compareOutput, numbersOf, type OutputRule, tensorsIn } from './graph-numbers.ts'

/** How many layers an operation counts for: attention is two products. */
const LAYERS: Readonly<Record<string, number>> = {
  'aten.linear': 1,
  'aten.embedding': 1,
  'aten.matmul': 1,
  'aten.scaled_dot_product_attention': 2,
}
const DEEP = 15
/** Values that are whole steps apart are so but for the rounding of float32. */
const FLOAT_SLACK = 1e-5

/** Compares what the finalized model computes for the evaluation batches: it has to agree with one of the recordings. */
export async function compareFinalizedOutputs(
  recordings: readonly RecordedOutputs[],
  model: GraphModule,
  inputs: CaseInputs,
): Promise<Divergence | undefined> {
  let first: Divergence | undefined
  for (const recorded of recordings) {
    const divergence = await compareWith(recorded, model, inputs)
    if (divergence === undefined) return undefined
    first ??= divergence
  }
  return first
}

async function compareWith(
  { tensors, prefix }: RecordedOutputs,
  model: GraphModule,
  inputs: CaseInputs,
): Promise<Divergence | undefined> {
  const rule = await finalizedRule(model)
  for (const [batch, given] of inputs.batches('eval').entries()) {
    for (const [i, output] of tensorsIn(model(...given)).entries()) {
      const expected = tensors.get(`${prefix}.${batch}.${i}`)
      if (expected === undefined) continue
      const divergence = compareOutput(`output ${batch}.${i}`, expected, await output.array(), rule, i)
      if (divergence !== undefined) return divergence
    }
  }
  return undefined
}

async function finalizedRule(model: GraphModule): Promise<OutputRule> {
  const buffers = new Map(model.namedBuffers())
  const names = new Map(model.graph.inputs.map(({ value, name }) => [value, name]))
  const steps = new Map<number, number>()
  for (const [i, { node }] of model.graph.outputs.entries()) {
    const [, scale] = node?.op.name === 'coreai.dequantize' ? node.inputs : []
    const path =
      typeof node?.attrs.target === 'string'
        ? `${node.attrs.target}.quantize.scale`
        : scale && names.get(scale)
    const buffer = path === undefined || path === null ? undefined : buffers.get(path)
    if (buffer !== undefined) steps.set(i, Math.max(...numbersOf(await buffer.array())) * (1 + FLOAT_SLACK))
  }
  const layers = model.graph.nodes.reduce(
    (sum, { op }) => sum + (LAYERS[op.name] ?? (op.name.startsWith('aten.conv') ? 1 : 0)),
    0,
  )
  return { isQuantized: true, steps, minSnrDb: layers > DEEP ? 30 : 40 }
}
