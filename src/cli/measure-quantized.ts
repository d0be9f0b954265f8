import type { Tensor } from '../engine/tensor.ts'
import { type Agreement, compareExportRuns, compareRuns, type ExportRunner } from '../formats/agreement.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { leafPaths } from '../nn/output-tree.ts'
import type { HostArray } from '../tensor/host-array.ts'
import type { CommandContext } from './command-context.ts'
import { type LayerAgreement, measureLayers } from './measure-layers.ts'
import { openSession, type Runtime } from './onnx-session.ts'
import { runnerOf } from './open-runner.ts'
import type { PreparedForm } from './quantize-model.ts'

/** Batches that WebAssembly runs: it has one thread, and no kernels as fast. */
const WASM_BATCHES = 2

/** How a quantized file computes, on the same inputs as the float model. */
export interface Measurements {
  readonly batches: number
  /** The form that was calibrated, which says what the file means, against the float model. */
  readonly preparedAgainstFloat: readonly Agreement[]
  /** Each way to run the file; none where it is not one that runs here. The first is how the runtime runs it by default. */
  readonly ways: readonly MeasuredWay[]
  /** In the order of the model. */
  readonly layers: readonly LayerAgreement[]
}

/** A way to run a file, and what it makes of it. */
export interface MeasuredWay {
  readonly runtime: Runtime
  /** Whether the runtime may fuse operations. */
  readonly optimized: boolean
  readonly batches: number
  readonly againstFloat: readonly Agreement[]
  /** Against the form that was calibrated. */
  readonly againstPrepared: readonly Agreement[]
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

const WAYS = [
  { runtime: 'node', optimized: true },
  { runtime: 'node', optimized: false },
  { runtime: 'wasm', optimized: true },
  { runtime: 'wasm', optimized: false },
] as const

/** Runs the file that was written in each way, the form that was calibrated and the float model on the same inputs. */
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
  const float = await keptRuns(runnerOf(model), batches, signal)
  const meant = await keptRuns(runnerOf(prepared), batches, signal)
  const names = leafPaths(finalized.outputTree, 'output')
  const preparedAgainstFloat = await compareRuns(names, float, meant, batches)
  const ways: MeasuredWay[] = []
  for (const way of path === undefined ? [] : WAYS) {
    const run = await runsOf(path ?? '', way, batches, { output, signal })
    if (run === undefined) continue
    const { kept, measured } = run
    const againstFloat = await compareExportRuns(float, finalized, kept, measured)
    ways.push({
      ...way,
      batches: measured.length,
      againstFloat,
      againstPrepared: await compareExportRuns(meant, finalized, kept, measured),
    })
  }
  stage.end(`${total} batches`)
  return { batches: total, preparedAgainstFloat, ways, layers }
}

interface WayRuns {
  readonly kept: ExportRunner
  readonly measured: readonly (readonly Tensor[])[]
}

/** Runs a file in a way; undefined, with a warning, where WebAssembly does not run what Node does. */
async function runsOf(
  path: string,
  way: (typeof WAYS)[number],
  batches: readonly (readonly Tensor[])[],
  { output, signal }: CommandContext,
): Promise<WayRuns | undefined> {
  signal.throwIfAborted()
  const measured = way.runtime === 'wasm' ? batches.slice(0, WASM_BATCHES) : batches
  try {
    const session = await openSession(path, way)
    try {
      return { kept: await keptRuns(session.run, measured, signal), measured }
    } finally {
      await session.release()
    }
  } catch (error) {
    if (way.runtime === 'node' || signal.aborted) throw error
    const reason = String(error instanceof Error ? error.message : error).replace(/^.*?, got /s, '')
    output.warn(`WebAssembly does not run this file: ${reason}`)
    return undefined
  }
}

/** Runs batches once, and gives the outputs again to all who ask for one of them. */
async function keptRuns(
  run: ExportRunner,
  batches: readonly (readonly Tensor[])[],
  signal: AbortSignal,
): Promise<ExportRunner> {
  const kept = new Map<readonly Tensor[], readonly HostArray[]>()
  for (const batch of batches) {
    signal.throwIfAborted()
    kept.set(batch, await run(batch))
  }
  return async (batch) => kept.get(batch) ?? run(batch)
}
