import type { HostArray } from '../../src/tensor/index.ts'
import type { Divergence } from '../divergence.ts'

/** A state as it was recorded: unchanged from the float model, or stored, or of a fake quantizer. */
export type RecordedState = readonly [name: string, dtype: string, shape: readonly number[], kind: string]

/** The recorded states of a finalized model. */
export interface StoredStates {
  readonly states: readonly RecordedState[]
  readonly tensors: ReadonlyMap<string, HostArray>
  /** Beginning of the names of stored tensors. */
  readonly prefix: string
}

/** Compares names, dtypes and shapes of all states. */
export function compareStateLists(
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

/** What is recorded as bytes: packed fp4, and powers of two. */
export function compareBytes(name: string, { bytes }: HostArray, got: HostArray): Divergence | undefined {
  const i = bytes.findIndex((byte, k) => byte !== got.bytes[k])
  return i < 0 ? undefined : { where: `${name}[${i}]`, expected: String(bytes[i]), got: String(got.bytes[i]) }
}
