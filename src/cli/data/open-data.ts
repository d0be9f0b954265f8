import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { openSource } from '../../codec/byte-source.ts'
import { FileError } from '../../codec/file-error.ts'
import { readNpy, readNpz } from '../../codec/npy.ts'
import { readSafetensors } from '../../codec/safetensors.ts'
import { fromHost, type Tensor } from '../../engine/tensor.ts'
import type { Logger } from '../../quantization/logger.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import type { DataOptions } from '../data-options.ts'
import { CommandError } from '../exit-code.ts'
import { readDataModule } from './data-module.ts'
import { readJsonLines } from './json-lines.ts'
import { type InputSpec, matchInputs } from './model-inputs.ts'
import { randomInputs, readSizes } from './random-data.ts'
import { splitBatches } from './split-batches.ts'

/** Samples to a batch where the model takes any number. */
const BATCH_SIZE = 8
/** Random batches where `--random` names no number. */
const RANDOM_BATCHES = 4
const ARRAY_ENDINGS = ['.npy', '.npz', '.safetensors', '.jsonl']
const MODULE_ENDINGS = ['.mjs', '.js', '.cjs', '.ts', '.mts']

/** Complete sets of inputs for a model. */
export interface DataSet {
  /** What a report says of it: paths, or that the numbers are random. */
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
  { data = [], random, sizes, batchSize = BATCH_SIZE, samples }: DataOptions,
  logger: Logger,
): Promise<DataSet | undefined> {
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
  const full = () => samples !== undefined && batches.length >= samples
  for (const path of data) {
    for await (const { origin, arrays } of readPath(path, inputs)) {
      const matched = matchInputs(arrays, inputs, origin)
      const split = splitBatches({ inputs, arrays: matched, origin, batchSize }, logger)
      for (const batch of split) if (!full()) batches.push(batch.map(asTensor))
      if (full()) break
    }
  }
  if (batches.length === 0)
    throw new CommandError(`Cannot use "${data.join(', ')}": expected at least one batch, got none`)
  return { origin: data.join(', '), isRandom: false, batches }
}

/** A complete set of inputs that has the right shapes and nothing else, for what only needs shapes. */
export function placeholderBatch(inputs: readonly InputSpec[], sizes: string | undefined): Tensor[] {
  return randomInputs(inputs, readSizes(sizes ?? ''), 0).map(asTensor)
}

/** Arrays by name, and where they stand. */
interface NamedArrays {
  readonly origin: string
  readonly arrays: ReadonlyMap<string, HostArray>
}

async function* readPath(path: string, inputs: readonly InputSpec[]): AsyncGenerator<NamedArrays> {
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new FileError(`Cannot read "${path}": expected data, got ${cause.code}`, path, { cause })
  })
  if (!stats.isDirectory()) {
    yield* readFileOfArrays(path, inputs)
    return
  }
  const names = (await readdir(path))
    .sort()
    .filter((name) => ARRAY_ENDINGS.includes(extname(name).toLowerCase()))
  if (names.length === 0)
    throw new CommandError(
      `Cannot use "${path}": expected a folder with files ${ARRAY_ENDINGS.join(', ')}, got none of them`,
    )
  for (const name of names) yield* readFileOfArrays(join(path, name), inputs)
}

async function* readFileOfArrays(path: string, inputs: readonly InputSpec[]): AsyncGenerator<NamedArrays> {
  const ending = extname(path).toLowerCase()
  if (ending === '.jsonl') yield* readJsonLines(path, inputs)
  else if (MODULE_ENDINGS.includes(ending)) yield* readDataModule(path, inputs)
  else if (ARRAY_ENDINGS.includes(ending)) yield { origin: path, arrays: await readArrays(path, ending) }
  else {
    throw new CommandError(
      `Cannot use "${path}": expected data as ${[...ARRAY_ENDINGS, ...MODULE_ENDINGS].join(', ')} or a folder, got "${ending}"`,
    )
  }
}

async function readArrays(path: string, ending: string): Promise<ReadonlyMap<string, HostArray>> {
  const source = await openSource(path)
  try {
    if (ending === '.npz') return await readNpz(source)
    const bytes = await source.read(0, source.sizeBytes)
    return ending === '.npy' ? new Map([['array', readNpy(bytes, path)]]) : readSafetensors(bytes)
  } finally {
    await source.close()
  }
}

function asTensor(array: HostArray): Tensor {
  return fromHost(array)
}
