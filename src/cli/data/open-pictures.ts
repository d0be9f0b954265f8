import type { Logger } from '../../quantization/logger.ts'
import { CommandError } from '../exit-code.ts'
import { pictureForm } from './choose-picture-form.ts'
import { chooseSamples, describeChoice } from './choose-samples.ts'
import { findBeside } from './data-files.ts'
import type { OpenedFiles, ReadRequest } from './data-request.ts'
import { formatSpec, type InputSpec } from './model-inputs.ts'
import { describeForm } from './picture-form.ts'
import { readPictures } from './pictures.ts'

const CONFIG = 'preprocessor_config.json'
/** Options that say how numbers are made of levels. */
const LEVELS = ['scale', 'mean', 'std'] as const

/**
 * Opens pictures for the only input of a model.
 * @throws CommandError for a model of several inputs, and as `pictureForm` does
 */
export async function openPictures(
  paths: readonly string[],
  inputs: readonly InputSpec[],
  request: ReadRequest,
  logger: Logger,
): Promise<OpenedFiles> {
  const [input, other] = inputs
  if (input === undefined || other !== undefined)
    throw new CommandError(
      `Cannot make pictures for a model: expected one input, got ${inputs.length}: ${inputs.map((each) => `"${each.name}" ${formatSpec(each)}`).join(', ')}\n` +
        'Hint: a module that exports an async generator, or .npz files, bring any inputs',
    )
  const configPath = request.preprocessor ?? (await findBeside(CONFIG, request.folders))
  const form = await pictureForm(input, request, configPath, (message) => logger.warn(message))
  if (configPath === undefined && LEVELS.every((option) => request[option] === undefined))
    logger.warn(
      `nothing says how "${input.name}" takes pictures: ${describeForm(form)} is assumed; --preprocessor, --mean, --std and --scale say it`,
    )
  const fixed = input.shape[0]
  const batchSize = typeof fixed === 'number' ? fixed : request.batchSize
  const choice = chooseSamples(paths.length, request.samples, batchSize)
  const chosen = paths.filter((_, i) => choice.isWanted(i))
  return {
    about: `${describeChoice(choice, paths.length, 'pictures')}: ${describeForm(form)}`,
    arrays: readPictures(chosen, input, form, batchSize),
  }
}
