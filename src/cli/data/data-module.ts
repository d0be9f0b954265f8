import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Tensor } from '../../engine/tensor.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { CommandError } from '../exit-code.ts'
import { arraysOf } from './json-lines.ts'
import type { InputSpec } from './model-inputs.ts'

/** Batches are made by the module's default export, or by its export of this name. */
const EXPORT = 'batches'

/**
 * Takes batches from a module of the user's own: its default export, or its export `batches`, is an iterable or a function that returns one, such as an async
 * generator. It is called with the inputs of the model. Each batch is an object with an entry for each input, or the only input's data; data are lowbit's
 * tensors and arrays, typed arrays, or nested arrays of numbers.
 * @throws CommandError for a module that exports no such thing
 */
export async function* readDataModule(
  path: string,
  inputs: readonly InputSpec[],
): AsyncGenerator<{ readonly origin: string; readonly arrays: Map<string, HostArray> }> {
  const module: Record<string, unknown> = await import(pathToFileURL(resolve(path)).href).catch((cause) => {
    throw new CommandError(`Cannot read "${path}": expected a module, got ${cause}`, undefined, { cause })
  })
  const exported = module.default ?? module[EXPORT]
  const made: unknown = typeof exported === 'function' ? await exported({ inputs }) : exported
  if (!isIterable(made)) {
    throw new CommandError(
      `Cannot use "${path}": expected a default export, or one called ${EXPORT}, that is or returns an iterable of batches, ` +
        `got ${exported === undefined ? 'none' : `a ${typeof made}`}`,
    )
  }
  let number = 0
  for await (const batch of made) {
    const origin = `${path}, batch ${number++}`
    yield { origin, arrays: await batchArrays(batch, inputs, origin) }
  }
}

async function batchArrays(
  batch: unknown,
  inputs: readonly InputSpec[],
  origin: string,
): Promise<Map<string, HostArray>> {
  const [only] = inputs
  const isRecord =
    typeof batch === 'object' && batch !== null && Object.getPrototypeOf(batch) === Object.prototype
  const entries = isRecord ? Object.entries(batch) : [[only?.name ?? '', batch] as const]
  const ready = new Map<string, HostArray>()
  const others: Record<string, unknown> = {}
  for (const [name, data] of entries) {
    if (data instanceof Tensor) ready.set(name, await data.array())
    else if (data instanceof HostArray) ready.set(name, data)
    else others[name] = data
  }
  const made = Object.keys(others).length === 0 ? new Map() : arraysOf(others, inputs, origin)
  return new Map([...ready, ...made])
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return (
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  )
}
