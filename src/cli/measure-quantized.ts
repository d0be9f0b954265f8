import type { Tensor } from '../engine/tensor.ts'
import { type Agreement, compareExport } from '../formats/agreement.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import type { CommandContext } from './command-context.ts'
import { type LayerAgreement, measureLayers } from './measure-layers.ts'
import { openSession } from './onnx-session.ts'
import { runnerOf } from './open-runner.ts'
import type { PreparedForm } from './quantize-model.ts'

/** How a quantized file computes, on the same inputs as the float model. */
export interface Measurements {
  readonly batches: number
  /** The file, as the runtime runs it by default, against the float model; without a file, the form that was measured. */
  readonly againstFloat: readonly Agreement[]
  /** The same without graph optimizations. */
  readonly plainAgainstFloat: readonly Agreement[]
  /** The file against the form that was measured: without and with fused operations. Null where there is no file to run. */
  readonly againstPrepared: {
    readonly plain: readonly Agreement[]
    readonly optimized: readonly Agreement[]
  } | null
  /** In the order of the model. */
  readonly layers: readonly LayerAgreement[]
}

/** What is measured. */
export interface MeasureRequest {
  readonly model: GraphModule
  readonly form: PreparedForm
  readonly finalized: GraphModule
  /** The ONNX file; undefined for other backends, which do not run here. */
  readonly path: string | undefined
  readonly batches: readonly (readonly Tensor[])[]
  readonly context: CommandContext
}

/** Runs the file that was written, the form that was measured and the float model on the same inputs. */
export async function measureQuantized({
  model,
  form: { prepared },
  finalized,
  path,
  batches,
  context: { output, signal },
}: MeasureRequest): Promise<Measurements> {
  const stage = output.stage('measuring')
  const total = batches.length
  const layers = await measureLayers(model, prepared, batches, {
    signal,
    onProgress: (done) => stage.update(done, total),
  })
  signal.throwIfAborted()
  if (path === undefined) {
    const againstFloat = await compareExport(model, finalized, runnerOf(prepared), batches)
    stage.end(`${total} batches`)
    return { batches: total, againstFloat, plainAgainstFloat: againstFloat, againstPrepared: null, layers }
  }
  const plain = await compareFile(prepared, finalized, path, false, batches)
  const optimized = await compareFile(prepared, finalized, path, true, batches)
  const againstFloat = await compareFile(model, finalized, path, true, batches)
  const plainAgainstFloat = await compareFile(model, finalized, path, false, batches)
  stage.end(`${total} batches`)
  return { batches: total, againstFloat, plainAgainstFloat, againstPrepared: { plain, optimized }, layers }
}

async function compareFile(
  reference: GraphModule,
  finalized: GraphModule,
  path: string,
  optimized: boolean,
  batches: readonly (readonly Tensor[])[],
): Promise<Agreement[]> {
  const session = await openSession(path, { optimized })
  try {
    return await compareExport(reference, finalized, session.run, batches)
  } finally {
    await session.release()
  }
}
