import { CommandError } from '../exit-code.ts'
import { chooseSamples, describeChoice } from './choose-samples.ts'
import { findBeside } from './data-files.ts'
import type { OpenedFiles, ReadRequest } from './data-request.ts'
import type { InputSpec } from './model-inputs.ts'
import { countLines, readTextLines } from './text-lines.ts'

const TOKENIZER = 'tokenizer.json'

/**
 * Opens files of text, each line a sample.
 * @throws CommandError where no tokenizer is found, and as `readTextLines` does
 */
export async function openText(
  paths: readonly string[],
  inputs: readonly InputSpec[],
  request: ReadRequest,
): Promise<OpenedFiles> {
  const tokenizer = request.tokenizer ?? (await findBeside(TOKENIZER, request.folders))
  if (tokenizer === undefined)
    throw new CommandError(
      `Cannot read "${paths.join(', ')}": expected a ${TOKENIZER} beside the text or the model, got none in ${request.folders.join(', ')}\n` +
        'Hint: --tokenizer names it',
    )
  const fixed = inputs[0]?.shape[0]
  const batchSize = typeof fixed === 'number' ? fixed : request.batchSize
  const total = await countLines(paths)
  const choice = chooseSamples(total, request.samples, batchSize)
  return {
    about: `${describeChoice(choice, total, 'lines')}, tokens of ${tokenizer}`,
    arrays: readTextLines(paths, {
      inputs,
      tokenizer,
      batchSize,
      maxLength: request.maxLength,
      isWanted: choice.isWanted,
    }),
  }
}
