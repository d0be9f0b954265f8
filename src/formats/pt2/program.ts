import type { JsonView } from './json-view.ts'
import type { LeafPlaces } from './pytree.ts'

/** Where an input of the program's graph comes from. */
export type ProgramInput =
  | { readonly kind: 'input'; readonly name: string; readonly at: JsonView }
  | {
      readonly kind: 'state'
      readonly name: string
      /** Dotted path. */
      readonly path: string
      readonly role: 'parameter' | 'buffer' | 'constant'
      readonly at: JsonView
    }

/** What the signature of a program says. */
export interface Signature {
  readonly inputs: readonly ProgramInput[]
  /** For each argument in flat order its place among the tensor inputs. */
  readonly argumentPlaces: LeafPlaces
  /** Names of the tensors that the program returns. */
  readonly outputs: readonly { readonly name: string; readonly at: JsonView }[]
  readonly outputPlaces: LeafPlaces
  /** Buffers that get a new content. */
  readonly mutations: readonly { readonly name: string; readonly path: string; readonly at: JsonView }[]
}

/** Reads what goes into and comes out of a program. @throws FormatError for inputs and outputs that are no tensors or constants */
export function readSignature(view: JsonView): Signature {
  const inputs: ProgramInput[] = []
  const argumentPlaces: (number | null | undefined)[] = []
  let tensors = 0
  for (const spec of view.field('input_specs').items()) {
    const [kind, content] = spec.variant()
    const read = STATES.get(kind)
    if (read !== undefined) inputs.push(stateInput(content, read))
    else if (kind === 'user_input') {
      const name = tensorName(content.field('arg'))
      argumentPlaces.push(typeof name === 'string' ? tensors++ : name)
      if (typeof name === 'string') inputs.push({ kind: 'input', name, at: content })
    } else if (kind === 'constant_input') argumentPlaces.push(undefined)
    else spec.fail('a parameter, buffer, constant or argument', kind)
  }
  return { inputs, argumentPlaces, ...readOutputs(view) }
}

interface StateKind {
  readonly role: 'parameter' | 'buffer' | 'constant'
  /** Under which key the path stands. */
  readonly key: string
}

const STATES: ReadonlyMap<string, StateKind> = new Map<string, StateKind>([
  ['parameter', { role: 'parameter', key: 'parameter_name' }],
  ['buffer', { role: 'buffer', key: 'buffer_name' }],
  ['tensor_constant', { role: 'constant', key: 'tensor_constant_name' }],
])

function stateInput(view: JsonView, { role, key }: StateKind): ProgramInput {
  const path = view.field(key).string()
  const isConstant = role === 'buffer' && view.optional('persistent')?.boolean() === false
  return {
    kind: 'state',
    name: view.field('arg').field('name').string(),
    path,
    role: isConstant ? 'constant' : role,
    at: view,
  }
}

function readOutputs(view: JsonView): Pick<Signature, 'outputs' | 'outputPlaces' | 'mutations'> {
  const outputs: { name: string; at: JsonView }[] = []
  const outputPlaces: (number | null | undefined)[] = []
  const mutations: { name: string; path: string; at: JsonView }[] = []
  for (const spec of view.field('output_specs').items()) {
    const [kind, content] = spec.variant()
    if (kind === 'user_output') {
      const name = tensorName(content.field('arg'))
      outputPlaces.push(typeof name === 'string' ? outputs.push({ name, at: content }) - 1 : name)
    } else if (kind === 'buffer_mutation') {
      const name = content.field('arg').field('name').string()
      mutations.push({ name, path: content.field('buffer_name').string(), at: content })
    } else if (kind !== 'user_input_mutation') spec.fail('a result or the new content of a buffer', kind)
  }
  return { outputs, outputPlaces, mutations }
}

/** Name of a tensor; null for None, undefined for another constant. */
function tensorName(view: JsonView): string | null | undefined {
  const [kind, content] = view.variant()
  if (kind === 'as_tensor') return content.field('name').string()
  if (kind === 'as_none') return null
  if (CONSTANTS.has(kind)) return undefined
  return view.fail('a tensor or a constant', kind)
}

const CONSTANTS = new Set([
  'as_int',
  'as_float',
  'as_bool',
  'as_string',
  'as_sym_int',
  'as_sym_float',
  'as_sym_bool',
])
