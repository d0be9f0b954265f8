import type { FakeQuantize, HostArray, QParams, Tensor } from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { type ComparisonRules, compareTensors, tensorNamed } from './tensors.ts'

/** x86 turns NaN into this integer: what it was computed from counts, not it. */
const NAN_INTEGER = -2147483648

/**
 * Compares qparams and running ranges with those recorded under `scale`, `zero_point`, `minval`, `running_min` and `running_max`.
 * @param observed qparams of a quantizer that stores none
 */
export async function compareState(
  context: EntryContext,
  recorded: JsonObject,
  quantizer: FakeQuantize,
  observed?: QParams,
): Promise<Divergence | undefined> {
  const calculator = quantizer.qparams_calculator
  const qparams = await compareQParams(context, recorded, observed ?? calculator.qparams)
  if (qparams !== undefined || observed !== undefined) return qparams
  const buffers = new Map(calculator.namedBuffers())
  return compareEach(context, recorded, {
    running_min: buffers.get('running_min'),
    running_max: buffers.get('running_max'),
  })
}

/** Compares qparams with those recorded under `scale`, `zero_point` and `minval`. */
export function compareQParams(
  context: EntryContext,
  recorded: JsonObject,
  { scale, zeroPoint, minval }: QParams,
): Promise<Divergence | undefined> {
  return compareEach(context, recorded, { scale, zero_point: zeroPoint, minval })
}

async function compareEach(
  context: EntryContext,
  recorded: JsonObject,
  tensors: Readonly<Record<string, Tensor | null | undefined>>,
): Promise<Divergence | undefined> {
  for (const [key, tensor] of Object.entries(tensors)) {
    if (tensor === undefined && !(key in recorded)) continue
    const expected =
      recorded[key] === null || recorded[key] === undefined ? null : tensorNamed(context, recorded[key])
    const divergence = compareTensors(
      key,
      expected,
      tensor ? await tensor.array() : null,
      rulesFor(key, expected),
    )
    if (divergence) return divergence
  }
  return undefined
}

function rulesFor(key: string, expected: HostArray | null): ComparisonRules {
  if (key !== 'zero_point' || expected === null) return { anyZero: key !== 'scale' }
  const zeroPoints = new Int32Array(expected.bytes.slice().buffer)
  return { skip: (i: number) => zeroPoints[i] === NAN_INTEGER }
}
