import { readFileSync } from 'node:fs'
import { readSafetensors } from '../src/codec/safetensors.ts'
import type { Attributes } from '../src/ir/attributes.ts'
import type { HostArray } from '../src/tensor/host-array.ts'

/** One call of an operation with what PyTorch made of it; strings are keys of tensors. */
export interface GoldenCase {
  readonly op: string
  readonly name: string
  readonly inputs: readonly (string | null)[]
  readonly attrs: Attributes
  readonly outputs: readonly string[]
  readonly gradOutputs?: readonly (string | null)[]
  readonly gradInputs?: readonly (string | null)[]
  /** Whether the data is where the operation has no slope, so that finite differences say nothing. */
  readonly nonsmooth?: boolean
  readonly tolerance?: { readonly rtol: number; readonly atol: number }
}

/** The cases of `<name>.json` with their tensors; made by scripts/goldens. */
export function readGoldens(name: string): {
  cases: readonly GoldenCase[]
  tensors: ReadonlyMap<string, HostArray>
} {
  const folder = new URL('./goldens/', import.meta.url)
  const { cases } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
  const tensors = readSafetensors(new Uint8Array(readFileSync(new URL(`${name}.safetensors`, folder))))
  return { cases, tensors }
}
