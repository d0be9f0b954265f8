import { calibrateModel } from '../calibrate-model.ts'
import { chooseConfig } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { requireData } from '../data/require-data.ts'
import { ExitCode } from '../exit-code.ts'
import { measureSensitivity, type Sensitivity } from '../measure-sensitivity.ts'
import { openModel } from '../open-model.ts'
import { formatDecibels, textTable } from '../text-table.ts'
import type { SensitivityOptions } from './sensitivity-options.ts'

/** Runs `lowbit sensitivity`. */
export async function sensitivity(
  path: string,
  options: SensitivityOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { output, signal } = context
  const { model } = await openModel(path, output)
  const { config, origin } = await chooseConfig(model, options, 'w8a8')
  const data = await requireData(inputsOf(model), { ...options, modelPath: path }, output, {
    action: 'tell what quantization costs',
    doubt: 'what quantization costs',
  })
  const { batches } = data
  const form = await calibrateModel({ model, config, origin, data }, context)
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
