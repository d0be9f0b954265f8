import { type Agreement, compareRuns } from '../../formats/agreement.ts'
import { leafPaths } from '../../nn/output-tree.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import type { DataSet } from '../data/open-data.ts'
import { requireData } from '../data/require-data.ts'
import { ExitCode } from '../exit-code.ts'
import type { SessionOptions } from '../onnx-session.ts'
import { openModel } from '../open-model.ts'
import { openRunner } from '../open-runner.ts'
import { formatDecibels, textTable } from '../text-table.ts'
import type { VerifyOptions } from './verify-options.ts'

/** A way in which the quantized file was run, and what came out. */
interface VerifiedRun {
  readonly name: string
  readonly outputs: readonly Agreement[]
}

/** Runs `lowbit verify`. */
export async function verify(
  floatPath: string,
  quantizedPath: string,
  options: VerifyOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { output } = context
  const { model, names } = await openModel(floatPath, output)
  const data = await requireData(inputsOf(model), { ...options, modelPath: floatPath }, output, {
    action: 'compare two models',
    doubt: 'agreement',
  })
  const outputNames = names?.outputNames ?? leafPaths(model.outputTree, 'output')
  const runs = await runAll({ floatPath, quantizedPath, outputNames, data }, options, context)
  const worst = Math.min(...runs.flatMap(({ outputs }) => outputs.map(({ sqnrDb }) => sqnrDb)))
  const passed = worst >= options.minSqnr
  output.print(agreementTable(runs))
  output.print()
  output.print(
    passed
      ? `${output.style('green', 'passed')}: every output has ${options.minSqnr} dB at least, on ${data.batches.length} batches`
      : `${output.style('red', 'failed')}: expected ${options.minSqnr} dB at least, got ${formatDecibels(worst)}`,
  )
  output.json({
    passed,
    minSqnrDb: options.minSqnr,
    worstSqnrDb: worst,
    batches: data.batches.length,
    isRandom: data.isRandom,
    runs,
    warnings: output.warnings,
  })
  return passed ? ExitCode.ok : ExitCode.failedCheck
}

interface Comparison {
  readonly floatPath: string
  readonly quantizedPath: string
  readonly outputNames: readonly string[]
  readonly data: DataSet
}

async function runAll(
  { floatPath, quantizedPath, outputNames, data }: Comparison,
  { runtime }: VerifyOptions,
  { output, signal }: CommandContext,
): Promise<VerifiedRun[]> {
  const reference = await openRunner(floatPath, { optimized: true }, output)
  const runs: VerifiedRun[] = []
  for (const { name, options } of waysToRun(quantizedPath, runtime)) {
    const stage = output.stage(`running ${name}`)
    const runner = await openRunner(quantizedPath, options, output)
    const batches = counted(data, signal, (done) => stage.update(done, data.batches.length))
    runs.push({ name, outputs: await compareRuns(outputNames, reference.run, runner.run, batches) })
    await runner.release()
    stage.end()
  }
  await reference.release()
  return runs
}

function* counted(
  { batches }: DataSet,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Generator<DataSet['batches'][number]> {
  for (const [i, batch] of batches.entries()) {
    signal.throwIfAborted()
    yield batch
    onProgress(i + 1)
  }
}

function waysToRun(
  path: string,
  runtime: VerifyOptions['runtime'],
): { readonly name: string; readonly options: SessionOptions }[] {
  if (!/\.onnx$/i.test(path)) return [{ name: 'lowbit', options: {} }]
  const ways = [
    { name: 'node', options: { runtime: 'node', optimized: true } },
    { name: 'node, nothing fused', options: { runtime: 'node', optimized: false } },
    { name: 'wasm', options: { runtime: 'wasm', optimized: true } },
    { name: 'wasm, nothing fused', options: { runtime: 'wasm', optimized: false } },
  ] as const
  return ways.filter(({ options }) => runtime === 'both' || options.runtime === runtime)
}

function agreementTable(runs: readonly VerifiedRun[]): string {
  return textTable(
    [
      { title: 'runtime' },
      { title: 'output' },
      { title: 'signal to noise', align: 'right' },
      { title: 'largest difference', align: 'right' },
      { title: 'mean difference', align: 'right' },
    ],
    runs.flatMap(({ name, outputs }) =>
      outputs.map((each, i) => [
        i === 0 ? name : '',
        each.name,
        formatDecibels(each.sqnrDb),
        each.largestDifference.toPrecision(3),
        each.meanDifference.toPrecision(3),
      ]),
    ),
  )
}
