import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fromHost, Tensor } from '../../engine/tensor.ts'
import type { ExportRunner } from '../../formats/agreement.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { type InputSpec, matchInputs } from '../data/model-inputs.ts'
import { CommandError } from '../exit-code.ts'
import type { Metric, MetricRequest } from './metric.ts'

/** Scores are made by the module's default export, or by its export of this name. */
const EXPORT = 'score'

/**
 * A metric of the user's own: a module whose default export, or export `score`, is called with `{ run, batches }` and returns a number, more being better. `batches` are
 * the data, `run(inputs)` makes the model's outputs of one of them or of what the module brings; both are objects of `{ data, shape, dtype }` by name.
 * @throws CommandError for a module that exports no function
 */
export async function scriptMetric({
  metric: path,
  batches,
  inputs,
  outputNames,
}: MetricRequest): Promise<Metric> {
  const module: Record<string, unknown> = await import(pathToFileURL(resolve(path)).href).catch((cause) => {
    throw new CommandError(`Cannot read "${path}": expected a module, got ${cause}`, undefined, { cause })
  })
  const score = module.default ?? module[EXPORT]
  if (typeof score !== 'function')
    throw new CommandError(
      `Cannot use the metric "${path}": expected a default export, or one called ${EXPORT}, that is a function, ` +
        `got ${score === undefined ? 'none' : `a ${typeof score}`}`,
    )
  const names = inputs.map(({ name }) => name)
  const named: Record<string, ScriptArray>[] = []
  for (const batch of batches)
    named.push(byName(names, await Promise.all(batch.map((tensor) => tensor.array()))))
  const runWith = (run: ExportRunner) => async (values: unknown) => {
    const arrays = new Map<string, HostArray>()
    for (const [name, value] of Object.entries(Object(values)))
      arrays.set(
        name,
        await hostOf(
          value,
          inputs.find((input) => input.name === name),
          path,
        ),
      )
    const feeds = matchInputs(arrays, inputs, path).map((array) => fromHost(array))
    return byName(outputNames, await run(feeds))
  }
  return {
    name: path,
    async score(run) {
      const value: unknown = await score({ run: runWith(run), batches: named })
      if (typeof value === 'number') return value
      throw new CommandError(
        `Cannot score with "${path}": expected a number, got ${value === null ? 'null' : `a ${typeof value}`}`,
      )
    },
  }
}

/** An array as a module of the user's own sees it. */
interface ScriptArray {
  readonly data: unknown
  readonly shape: readonly number[]
  readonly dtype: string
}

function byName(names: readonly string[], arrays: readonly HostArray[]): Record<string, ScriptArray> {
  const entries = arrays.map((array, i): [string, ScriptArray] => [
    names[i] ?? `output_${i}`,
    { data: toTypedArray(array), shape: array.shape, dtype: array.dtype },
  ])
  return Object.fromEntries(entries)
}

async function hostOf(value: unknown, input: InputSpec | undefined, path: string): Promise<HostArray> {
  if (value instanceof Tensor) return value.array()
  if (value instanceof HostArray) return value
  const { data, shape, dtype }: { data?: unknown; shape?: unknown; dtype?: unknown } = Object(value)
  const isShaped = Array.isArray(shape) && shape.every((size) => Number.isInteger(size))
  if (isElements(data) && isShaped)
    return dtype === input?.dtype ? fromTypedArray(data, shape, input?.dtype) : fromTypedArray(data, shape)
  throw new CommandError(
    `Cannot run a model for "${path}": expected { data, shape } with a typed array for "${input?.name ?? 'an input'}", got ${typeof value === 'object' ? 'something else' : `a ${typeof value}`}`,
  )
}

type Elements = Parameters<typeof fromTypedArray>[0]

function isElements(data: unknown): data is Elements {
  return ArrayBuffer.isView(data) && !(data instanceof DataView)
}
