import type { Tensor } from '../../engine/tensor.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { openData } from '../data/open-data.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { type OnnxSession, openSession, type Runtime } from '../onnx-session.ts'
import { openModel } from '../open-model.ts'
import { textTable } from '../text-table.ts'
import type { BenchOptions } from './bench-options.ts'

/** Runs of each model before anything is timed. */
const WARM_UP = 3

/** Milliseconds of one model on one runtime. */
interface Timing {
  readonly path: string
  readonly runtime: Runtime
  readonly medianMs: number
  readonly fastestMs: number
  readonly p90Ms: number
  /** Median of the first model over this one's: 2 is twice as fast. */
  readonly speedup: number
}

/** Runs `lowbit bench`. */
export async function bench(
  paths: readonly string[],
  options: BenchOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { output } = context
  const [first = ''] = paths
  const { model } = await openModel(first, output)
  const data = await openData(inputsOf(model), { ...options, modelPath: first, samples: 1 }, output)
  const [batch] = data?.batches ?? []
  if (data === undefined || batch === undefined)
    throw new CommandError(
      'Cannot time models: expected data, got none\nHint: --data names data; for latency --random often does',
      ExitCode.usage,
    )
  const runtimes = options.runtime === 'both' ? (['node', 'wasm'] as const) : [options.runtime]
  const timings: Timing[] = []
  for (const runtime of runtimes) {
    const times = await timeInTurns(paths, runtime, batch, options, context)
    const base = quantile(times[0] ?? [], 0.5)
    timings.push(...paths.map((path, i) => timingOf(path, runtime, times[i] ?? [], base)))
  }
  output.print(timingTable(timings))
  output.json({
    data: data.origin,
    isRandom: data.isRandom,
    runs: options.runs,
    timings,
    warnings: output.warnings,
  })
  return ExitCode.ok
}

/** Milliseconds of each run of each model. In turns, so that what else the machine does slows all of them alike. */
async function timeInTurns(
  paths: readonly string[],
  runtime: Runtime,
  batch: readonly Tensor[],
  { threads = 0, runs }: BenchOptions,
  { output, signal }: CommandContext,
): Promise<number[][]> {
  const stage = output.stage(`timing on ${runtime}`)
  const sessions: OnnxSession[] = []
  for (const path of paths) sessions.push(await openSession(path, { runtime, threads, sparing: false }))
  const times: number[][] = paths.map(() => [])
  for (let run = -WARM_UP; run < runs; run++) {
    signal.throwIfAborted()
    for (const [i, session] of sessions.entries()) {
      const started = performance.now()
      await session.run(batch)
      if (run >= 0) times[i]?.push(performance.now() - started)
    }
    stage.update(Math.max(0, run + 1), runs)
  }
  for (const session of sessions) await session.release()
  stage.end(`${runs} runs of each`)
  return times
}

function timingOf(path: string, runtime: Runtime, times: readonly number[], base: number): Timing {
  const medianMs = quantile(times, 0.5)
  return {
    path,
    runtime,
    medianMs,
    fastestMs: Math.min(...times),
    p90Ms: quantile(times, 0.9),
    speedup: base / medianMs,
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function timingTable(timings: readonly Timing[]): string {
  return textTable(
    [
      { title: 'model' },
      { title: 'runtime' },
      { title: 'median', align: 'right' },
      { title: 'fastest', align: 'right' },
      { title: '90%', align: 'right' },
      { title: 'speed', align: 'right' },
    ],
    timings.map(({ path, runtime, medianMs, fastestMs, p90Ms, speedup }) => [
      path,
      runtime,
      ...[medianMs, fastestMs, p90Ms].map((value) => `${value.toFixed(2)} ms`),
      `${speedup.toFixed(2)}x`,
    ]),
  )
}
