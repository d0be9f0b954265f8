import { chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { openData } from '../data/open-data.ts'
import { CommandError, ExitCode } from '../exit-code.ts'
import { measureSensitivity, type Sensitivity } from '../measure-sensitivity.ts'
import { openModel } from '../open-model.ts'
import { prepareModel } from '../quantize-model.ts'
import { formatDecibels, textTable } from '../text-table.ts'
import type { SensitivityOptions } from './sensitivity-options.ts'

/** Runs `lowbit sensitivity`. */
export async function sensitivity(
  path: string,
  options: SensitivityOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const { model } = await openModel(path, output)
  const { config, origin } = await chooseConfig(model, options, 'w8a8')
  const data = await openData(inputsOf(model), { ...options, modelPath: path }, output)
  if (data === undefined)
    throw new CommandError(
      'Cannot tell what quantization costs: expected data, got none\n' +
        'Hint: --data names data, --random takes random numbers to try things out',
      ExitCode.usage,
    )
  if (data.isRandom) output.warn('what quantization costs on random numbers says little about real inputs')
  const { batches } = data
  const calibrating = output.stage('calibrating')
  const form = await prepareModel({
    model,
    config,
    origin,
    batches,
    logger: output,
    signal,
    onProgress: (done, total) => calibrating.update(done, total),
  })
  calibrating.end()
  const measuring = output.stage('quantizing one by one')
  const onProgress = (done: number, total: number) => measuring.update(done, total)
  const ranking = await measureSensitivity({ model, form, batches, signal, onProgress })
  measuring.end(`${ranking.length} operations`)
  const exclude = excludeOptions(ranking, options.top)
  output.print(rankingTable(ranking))
  if (exclude !== '') output.print(`\nto leave out the worst: ${exclude}`)
  output.json({
    config: origin,
    isRandom: data.isRandom,
    operations: ranking,
    exclude,
    warnings: output.warnings,
  })
  return ExitCode.ok
}

/** `--exclude conv2d_3 --exclude linear`, of what costs anything. */
function excludeOptions(ranking: readonly Sensitivity[], top: number): string {
  return ranking
    .filter(({ sqnrDb }) => Number.isFinite(sqnrDb))
    .slice(0, top)
    .map(({ name }) => `--exclude ${name}`)
    .join(' ')
}

function rankingTable(ranking: readonly Sensitivity[]): string {
  return textTable(
    [
      { title: 'operation' },
      { title: 'type' },
      { title: 'module' },
      { title: 'outputs, when it alone is quantized', align: 'right' },
    ],
    ranking.map(({ name, type, module, sqnrDb }) => [name, type, module, formatDecibels(sqnrDb)]),
  )
}
