import { type AnyModule, stateDict } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { weightsOf } from '../models/build-model.ts'
import { compareClosely } from './graph-numbers.ts'
import { compareBytes, compareStateLists, type StoredStates } from './recorded-states.ts'

/** Compares names, dtypes and shapes of all states, and the elements of those that are stored or unchanged. */
export async function compareFinalizedEager(
  { modelFolder }: PartContext,
  { states, tensors, prefix }: StoredStates,
  model: AnyModule,
): Promise<Divergence | undefined> {
  const got = await stateDict(model)
  const weights = weightsOf(modelFolder)
  const divergence = compareStateLists(states, got)
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
