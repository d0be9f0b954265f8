import type { Tensor } from '../engine/tensor.ts'
import { compareRuns } from '../formats/agreement.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { leafPaths } from '../nn/output-tree.ts'
import type { FakeQuantizerReport, OpReport } from '../quantization/inspection/reports.ts'
import { runnerOf } from './open-runner.ts'
import type { PreparedForm } from './quantize-model.ts'

/** What it costs to quantize one operation alone. */
export interface Sensitivity {
  /** Name of the operation. */
  readonly name: string
  readonly type: string
  readonly module: string
  /** Signal to noise of the worst output when only this operation reads quantized values. */
  readonly sqnrDb: number
}

/** What is measured, and how it is watched. */
export interface SensitivityRequest {
  readonly model: GraphModule
  readonly form: PreparedForm
  readonly batches: readonly (readonly Tensor[])[]
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Quantizes each operation alone, its weights and what it reads, and compares the outputs with those of the float model: the most damaging first. The model
 * is calibrated once, and its fake quantizers are switched on one operation after the other; afterwards all are on.
 */
export async function measureSensitivity({
  model,
  form: { prepared, inspector },
  batches,
  signal,
  onProgress,
}: SensitivityRequest): Promise<Sensitivity[]> {
  const { fakeQuantizers, operations } = inspector
  const names = leafPaths(model.outputTree, 'output')
  const readers = byReader(operations, fakeQuantizers)
  const candidates = operations.filter(({ name }) => readers.has(name))
  const measured: Sensitivity[] = []
  try {
    for (const { fakeQuantize } of fakeQuantizers) fakeQuantize.disableFakeQuant()
    for (const { name, type, module } of candidates) {
      signal.throwIfAborted()
      const own = readers.get(name) ?? []
      for (const { fakeQuantize } of own) fakeQuantize.enableFakeQuant()
      const outputs = await compareRuns(names, runnerOf(model), runnerOf(prepared), batches)
      for (const { fakeQuantize } of own) fakeQuantize.disableFakeQuant()
      measured.push({ name, type, module, sqnrDb: Math.min(...outputs.map(({ sqnrDb }) => sqnrDb)) })
      onProgress(measured.length, candidates.length)
    }
  } finally {
    for (const { fakeQuantize } of fakeQuantizers) fakeQuantize.enableFakeQuant()
  }
  return measured.sort((a, b) => a.sqnrDb - b.sqnrDb)
}

/**
 * The fake quantizers of what each operation reads. Preparing joins a convolution with its batch norm under another name: what that reads belongs to the
 * operation that reads the same tensor, or whose module owns the weight.
 */
function byReader(
  operations: readonly OpReport[],
  fakeQuantizers: readonly FakeQuantizerReport[],
): Map<string, FakeQuantizerReport[]> {
  const names = new Set(operations.map(({ name }) => name))
  const readers = new Map<string, FakeQuantizerReport[]>()
  for (const { name, module, inputs, winner } of operations) {
    const own = fakeQuantizers.filter(({ consumers, producer, target, module: owner }) => {
      if (consumers.some(({ node }) => node === name)) return true
      if (!winner?.isKey || consumers.every(({ node }) => names.has(node))) return false
      const isRead = inputs.some(({ input, observer }) => input === producer && observer !== null)
      return isRead || (target === 'weight' && owner === module)
    })
    if (own.length > 0) readers.set(name, own)
  }
  return readers
}
