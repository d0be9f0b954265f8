import { type AnyModule, stateDict } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { weightsOf } from '../models/build-model.ts'
import { compareClosely } from './graph-numbers.ts'

/** A state as it was recorded: unchanged from the float model, or stored, or of a fake quantizer. */
export type RecordedState = readonly [name: string, dtype: string, shape: readonly number[], kind: string]

/** The recorded states of a finalized model. */
export interface StoredStates {
  readonly states: readonly RecordedState[]
  readonly tensors: ReadonlyMap<string, HostArray>
  /** Beginning of the names of stored tensors. */
  readonly prefix: string
}

/** Compares names, dtypes and shapes of all states, and the elements of those that are stored or unchanged. */
export async function compareFinalizedEager(
  { modelFolder }: PartContext,
  { states, tensors, prefix }: StoredStates,
  model: AnyModule,
): Promise<Divergence | undefined> {
  const got = await stateDict(model)
  const weights = weightsOf(modelFolder)
  const divergence = compareLists(states, got)
  if (divergence !== undefined) return divergence
  for (const [name, , , kind] of states) {
    const recorded = kind === 'unchanged' ? weights.get(name) : tensors.get(prefix + name)
    const own = got.get(name)
    if (recorded === undefined || own === undefined) continue
    const different = compareState(name, recorded, own, kind)
    if (different !== undefined) return different
  }
  return undefined
}

function compareLists(
  states: readonly RecordedState[],
  got: ReadonlyMap<string, HostArray>,
): Divergence | undefined {
  const text = (name: string, dtype: string, shape: readonly number[]) =>
    `${name} ${dtype} [${shape.join(', ')}]`
  const expected = new Set(states.map(([name, dtype, shape]) => text(name, dtype, shape)))
  // Packed fp4 is recorded as bytes.
  const dtypeOf = ({ dtype }: HostArray) => (dtype === 'float4_e2m1fn_x2' ? 'uint8' : dtype)
  const own = new Set(Array.from(got, ([name, array]) => text(name, dtypeOf(array), array.shape)))
  const missing = [...expected].find((entry) => !own.has(entry))
  const surplus = [...own].find((entry) => !expected.has(entry))
  if (missing === undefined && surplus === undefined) return undefined
  return { where: 'states', expected: missing ?? 'nothing more', got: surplus ?? 'nothing more' }
}

/** Integers are equal, zero points one apart at most, floats equal but for what summation makes of ranges. */
function compareState(
  name: string,
  expected: HostArray,
  got: HostArray,
  kind: string,
): Divergence | undefined {
  if (expected.dtype === 'uint8' && got.dtype !== 'uint8') return compareBytes(name, expected, got)
  if (kind === 'unchanged') return compareClosely(name, expected, got, { relative: 0 })
  if (name.endsWith('zero_point')) return compareClosely(name, expected, got, { relative: 0, absolute: 1 })
  const relative = got.dtype.startsWith('float') ? 1e-5 : 0
  return compareClosely(name, expected, got, { relative })
}

/** What is recorded as bytes: packed fp4, and powers of two. */
function compareBytes(name: string, { bytes }: HostArray, got: HostArray): Divergence | undefined {
  const i = bytes.findIndex((byte, k) => byte !== got.bytes[k])
  return i < 0 ? undefined : { where: `${name}[${i}]`, expected: String(bytes[i]), got: String(got.bytes[i]) }
}
