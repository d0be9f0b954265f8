import { dirname } from 'node:path'
import { fromHost, type Tensor } from '../../engine/tensor.ts'
import type { Logger } from '../../quantization/logger.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { CommandError } from '../exit-code.ts'
import { readArrayFiles } from './array-files.ts'
import { type DataFiles, findDataFiles } from './data-files.ts'
import { readDataModule } from './data-module.ts'
import type { DataRequest, OpenedFiles, ReadRequest } from './data-request.ts'
import { type InputSpec, matchInputs } from './model-inputs.ts'
import { openPictures } from './open-pictures.ts'
import { openText } from './open-text.ts'
import { randomInputs, readSizes } from './random-data.ts'
import { splitBatches } from './split-batches.ts'

/** Samples to a batch where the model takes any number. */
const BATCH_SIZE = 8
/** Random batches where `--random` names no number. */
const RANDOM_BATCHES = 4

/** Complete sets of inputs for a model. */
export interface DataSet {
  /** What a report says of it: paths and what is done to what they hold, or that the numbers are random. */
  readonly origin: string
  readonly isRandom: boolean
  readonly batches: readonly (readonly Tensor[])[]
}

/**
 * Reads the data that the options name, or makes random numbers where they ask for them; undefined where they name none.
 * @throws CommandError for what does not fit the model, or holds nothing; FileError or FormatError for what cannot be read
 */
export async function openData(
  inputs: readonly InputSpec[],
  request: DataRequest,
  logger: Logger,
): Promise<DataSet | undefined> {
  const { data = [], random, sizes, batchSize = BATCH_SIZE, samples } = request
  if (data.length > 0 && random !== undefined)
    throw new CommandError('Cannot choose data: expected files or --random, got both', 2)
  if (random !== undefined) {
    const count = random === true ? RANDOM_BATCHES : random
    const named = readSizes(sizes ?? '')
    const batches = Array.from({ length: count }, (_, seed) =>
      randomInputs(inputs, named, seed).map(asTensor),
    )
    return { origin: `${count} batches of random numbers`, isRandom: true, batches }
  }
  if (data.length === 0) return undefined
  const batches: Tensor[][] = []
  const origins: string[] = []
  const full = () => samples !== undefined && batches.length >= samples
  for (const path of data) {
    const { about, arrays: read } = await readPath(path, inputs, { ...request, batchSize }, logger)
    origins.push(about === '' ? path : `${path} (${about})`)
    for await (const { origin, arrays } of read) {
      const matched = matchInputs(arrays, inputs, origin)
      const split = splitBatches({ inputs, arrays: matched, origin, batchSize }, logger)
      for (const batch of split) if (!full()) batches.push(batch.map(asTensor))
      if (full()) break
    }
  }
  if (batches.length === 0)
    throw new CommandError(`Cannot use "${data.join(', ')}": expected at least one batch, got none`)
  return { origin: origins.join(', '), isRandom: false, batches }
}

/** A complete set of inputs that has the right shapes and nothing else, for what only needs shapes. */
export function placeholderBatch(inputs: readonly InputSpec[], sizes: string | undefined): Tensor[] {
  return randomInputs(inputs, readSizes(sizes ?? ''), 0).map(asTensor)
}

async function readPath(
  path: string,
  inputs: readonly InputSpec[],
  request: DataRequest & { readonly batchSize: number },
  logger: Logger,
): Promise<OpenedFiles> {
  const files = await findDataFiles(path)
  const { modelPath } = request
  // Models of the hub have their file in a folder `onnx` below that of their configs.
  const beside = modelPath === undefined ? [] : [dirname(modelPath), dirname(dirname(modelPath))]
  const own = files.paths[0] === path ? dirname(path) : path
  return openFiles(files, inputs, { ...request, folders: [own, ...beside] }, logger)
}

async function openFiles(
  { kind, paths }: DataFiles,
  inputs: readonly InputSpec[],
  request: ReadRequest,
  logger: Logger,
): Promise<OpenedFiles> {
  const [path = ''] = paths
  switch (kind) {
    case 'arrays':
      return { about: '', arrays: readArrayFiles(paths, inputs) }
    case 'module':
      return { about: '', arrays: readDataModule(path, inputs) }
    case 'pictures':
      return openPictures(paths, inputs, request, logger)
    case 'text':
      return openText(paths, inputs, request)
  }
}

function asTensor(array: HostArray): Tensor {
  return fromHost(array)
}
