import type { GraphModule } from '../nn/graph-module.ts'
import type { ChosenConfig } from './choose-config.ts'
import type { CommandContext } from './command-context.ts'
import { inputsOf } from './data/model-inputs.ts'
import { type DataSet, placeholderBatch } from './data/open-data.ts'
import { type PreparedForm, prepareModel } from './quantize-model.ts'

/** What is prepared, and with what. */
export interface CalibrationRequest extends Pick<ChosenConfig, 'config' | 'origin'> {
  readonly model: GraphModule
  readonly data: DataSet | undefined
  /** Sizes that vary, for the shapes that are needed where there is no data. */
  readonly sizes?: string | undefined
}

/** Prepares a model as a stage that a person watches. @throws CommandError when nothing is left that would be quantized */
export async function calibrateModel(
  { model, config, origin, data, sizes }: CalibrationRequest,
  { output, signal }: CommandContext,
): Promise<PreparedForm> {
  // Weights are quantized from their own values: what is computed of the placeholder is not used.
  const batches = data?.batches ?? [placeholderBatch(inputsOf(model), sizes)]
  const stage = output.stage(data === undefined ? 'quantizing' : 'calibrating')
  const form = await prepareModel({
    model,
    config,
    origin,
    batches,
    logger: output,
    signal,
    onProgress: (done, total) => stage.update(done, total),
  })
  stage.end(
    data === undefined ? '' : data.isRandom ? data.origin : `${batches.length} batches of ${data.origin}`,
  )
  return form
}
