import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { hostArrayOf, type TensorData } from '../../engine/tensor-data.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { CommandError } from '../exit-code.ts'
import type { InputSpec } from './model-inputs.ts'
import { formatSpec, mismatch } from './model-inputs.ts'

/**
 * Reads a file of one JSON value a line: an object with an entry for each input, or, for a model of one input, its nested arrays.
 * @throws CommandError that names the line
 */
export async function* readJsonLines(
  path: string,
  inputs: readonly InputSpec[],
): AsyncGenerator<{ readonly origin: string; readonly arrays: Map<string, HostArray> }> {
  const stream = createReadStream(path)
  let number = 0
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++
      if (line.trim() === '') continue
      const origin = `${path}:${number}`
      yield { origin, arrays: arraysOf(parse(line, origin), inputs, origin) }
    }
  } finally {
    stream.destroy()
  }
}

function parse(line: string, origin: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`Cannot read "${origin}": expected one JSON value, got ${reason}`, undefined, {
      cause,
    })
  }
}

/** Arrays of an object's entries, or of a value for the only input, with the dtypes that the inputs have. */
export function arraysOf(
  value: unknown,
  inputs: readonly InputSpec[],
  origin: string,
): Map<string, HostArray> {
  const [only] = inputs
  const isRecord =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
  const entries = isRecord
    ? Object.entries(value)
    : inputs.length === 1 && only !== undefined
      ? [[only.name, value] as const]
      : undefined
  if (entries === undefined) {
    const names = inputs.map(({ name }) => `"${name}"`).join(', ')
    throw new CommandError(
      `Cannot read "${origin}": expected an object with ${names}, got ${describe(value)}`,
    )
  }
  return new Map(
    entries.flatMap(([name, data]) => {
      const input = inputs.find((each) => each.name === name)
      return input === undefined ? [] : [[name, arrayOf(data, input, origin)] as const]
    }),
  )
}

function arrayOf(data: unknown, input: InputSpec, origin: string): HostArray {
  if (!isTensorData(data)) throw mismatch(origin, input, describe(data))
  try {
    return hostArrayOf(data, undefined, input.dtype)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(
      `Cannot use "${origin}" for the input "${input.name}": expected ${formatSpec(input)}, got what makes no tensor: ${reason}`,
      undefined,
      { cause },
    )
  }
}

function isTensorData(data: unknown): data is TensorData {
  if (ArrayBuffer.isView(data)) return !(data instanceof DataView)
  if (Array.isArray(data)) return data.every(isTensorData)
  return ['number', 'bigint', 'boolean'].includes(typeof data)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list with other things than numbers' : `a ${typeof value}`
}
