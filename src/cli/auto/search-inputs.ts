import type { Tensor } from '../../engine/tensor.ts'
import { leafPaths } from '../../nn/output-tree.ts'
import type { AutoOptions } from '../commands/auto-options.ts'
import { inputsOf } from '../data/model-inputs.ts'
import { type DataSet, openData } from '../data/open-data.ts'
import { requireData } from '../data/require-data.ts'
import { findExclusions } from '../exclusions.ts'
import { type OpenedModel, openModel } from '../open-model.ts'
import type { Output } from '../output.ts'
import { presetConfig } from '../preset-configs.ts'
import type { CandidateBase } from './candidate.ts'

/** What a search works on. */
export interface SearchInputs {
  readonly opened: OpenedModel
  readonly outputNames: readonly string[]
  readonly base: CandidateBase
  /** What ranges are found with. */
  readonly data: DataSet
  readonly calibration: readonly (readonly Tensor[])[]
  /** What candidates are scored on. */
  readonly evaluation: readonly (readonly Tensor[])[]
  /** `cosine`, `top1`, or the path of a module. */
  readonly metric: string
  readonly isRandom: boolean
}

/** Reads the model and the data of a search. @throws CommandError where there is no data, or it does not fit */
export async function readSearchInputs(
  path: string,
  options: AutoOptions,
  output: Output,
): Promise<SearchInputs> {
  const stage = output.stage('reading')
  const opened = await openModel(path, output)
  const data = await requireData(inputsOf(opened.model), options, output, {
    action: 'search',
    doubt: 'a score',
  })
  const { evalData, blockSize, metric } = options
  const own =
    evalData === undefined
      ? data
      : await openData(inputsOf(opened.model), { ...options, data: evalData }, output)
  const excluded = findExclusions(opened.model, presetConfig('w8a8'), {
    patterns: options.exclude ?? [],
    names: options.nodesToExclude ?? [],
    types: [],
  })
  stage.end(path)
  return {
    opened,
    outputNames: opened.names?.outputNames ?? leafPaths(opened.model.outputTree, 'output'),
    base: { excluded, ...(blockSize === undefined ? {} : { blockSize }) },
    data,
    calibration: data.batches,
    evaluation: (own ?? data).batches,
    metric,
    isRandom: data.isRandom,
  }
}
