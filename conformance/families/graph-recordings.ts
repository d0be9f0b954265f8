import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSafetensors } from '../../src/codec/index.ts'
import type { HostArray } from '../../src/tensor/index.ts'
import type { JsonObject } from '../case.ts'

/** An argument of a recorded node: a reference, a list of arguments, or a constant. */
export type RecordedArgument =
  | { readonly node: string }
  | { readonly dtype: string }
  | { readonly const: string }
  | readonly RecordedArgument[]
  | number
  | string
  | boolean
  | null

/** A node of a recorded graph. */
export interface RecordedNode {
  readonly name: string
  readonly op: 'get_attr' | 'placeholder' | 'call_function' | 'call_module' | 'output'
  readonly target: string
  readonly args: readonly RecordedArgument[]
  readonly kwargs?: Readonly<Record<string, RecordedArgument>>
  /** The call in Python: its number, and its kind and name (`method_descriptor.add`). */
  readonly torch_fn?: readonly [call: string, type: string]
}

/** What stands in one place: nothing, a spec of the table, or the observer of another place. */
export type RecordedPlace =
  | { readonly spec_id: number }
  | { readonly shared_with: { readonly node: string } | { readonly edge: readonly [string, string] } }
  | null

/** A recorded fake quantizer. */
export interface RecordedFakeQuant {
  readonly node: string
  readonly object: number
  readonly role: string
  readonly observer_enabled: number
  readonly fake_quant_enabled: number
  readonly module_name: string
  readonly spec: JsonObject
}

/** What prepared.json says of a configuration that the reference could prepare. */
export interface RecordedPreparation {
  readonly spec_table: readonly JsonObject[]
  readonly annotations: readonly {
    readonly node: string
    readonly inputs: readonly (readonly [producer: string, place: RecordedPlace])[]
    readonly output: RecordedPlace
  }[]
  readonly winning: readonly {
    readonly node: string
    readonly priority: number
    readonly primary: boolean
    readonly group: readonly string[]
  }[]
  readonly match_order: readonly { readonly node: string; readonly pattern_length: number }[]
  readonly fake_quants: readonly RecordedFakeQuant[]
  readonly graph: readonly RecordedNode[]
  readonly log_warnings: Readonly<Record<string, number>>
  readonly user_warnings: number
  readonly module_to_fqs: Readonly<Record<string, number>>
  readonly prepare_error?: { readonly error: string }
  readonly construct_error?: { readonly error: string }
}

/** What exported.json says of a model. */
export interface RecordedModel {
  readonly graph: readonly RecordedNode[]
}

/** What exported.json says of the modules of a model. */
export interface RecordedModules {
  readonly modules: readonly { readonly name: string; readonly type: string }[]
}

/** Whether a recorded node computes a size: sizes are no values here, but dimensions of types and attributes. */
export function isSizeNode({ op, target }: Pick<RecordedNode, 'op' | 'target'>): boolean {
  return op === 'call_function' && SIZES.test(target)
}

/** Sizes of tensors, arithmetic on them, and what is asserted of them. */
const SIZES = /^(?:aten\.sym_|torch\.sym_|math\.|_?operator\.(?!getitem$))/

/** A JSON file of a folder. */
export function readRecorded<T>(folder: string, name: string): T {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'))
}

/** The tensors of a file of a folder. */
export function readTensors(folder: string, name: string): ReadonlyMap<string, HostArray> {
  return readSafetensors(readFileSync(join(folder, name)))
}

/** Whether a folder has a file. */
export function hasFile(folder: string, name: string): boolean {
  return existsSync(join(folder, name))
}
