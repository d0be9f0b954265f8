import type { AttributeValue } from '../../ir/attributes.ts'
import type { Dim } from '../../ir/dim.ts'
import type { JsonView } from './json-view.ts'
import { readDType } from './tensor-meta.ts'

/** An argument of a node: a tensor by name, several of them, or a constant. Tensors that are left out are null. */
export type Argument =
  | { readonly kind: 'tensor'; readonly name: string }
  | { readonly kind: 'tensors'; readonly names: readonly (string | null)[] }
  | { readonly kind: 'constant'; readonly value: AttributeValue }

/** Gives the size that a name of the program stands for. */
export type SizeOf = (name: string, view: JsonView) => Dim

/** Reads one argument. @throws FormatError for kinds that no graph of tensors has: objects, complex numbers */
export function readArgument(view: JsonView, sizeOf: SizeOf): Argument {
  const [kind, content] = view.variant()
  const read = READERS.get(kind)
  if (read === undefined) return view.fail('an argument of tensors and constants', `"${kind}"`)
  return read(content, sizeOf)
}

type Reader = (view: JsonView, sizeOf: SizeOf) => Argument

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['as_tensor', (view) => ({ kind: 'tensor', name: nameIn(view) })],
  ['as_tensors', (view) => ({ kind: 'tensors', names: view.items().map(nameIn) })],
  ['as_optional_tensor', (view) => optionalTensor(view)],
  ['as_optional_tensors', (view) => ({ kind: 'tensors', names: view.items().map(optionalName) })],
  ['as_none', () => constant(null)],
  ['as_int', (view) => constant(view.integer())],
  ['as_float', (view) => constant(view.number())],
  ['as_bool', (view) => constant(view.boolean())],
  ['as_string', (view) => constant(view.string())],
  ['as_ints', (view) => constant(view.items().map((item) => item.integer()))],
  ['as_floats', (view) => constant(view.items().map((item) => item.number()))],
  ['as_bools', (view) => constant(view.items().map((item) => item.boolean()))],
  ['as_strings', (view) => constant(view.items().map((item) => item.string()))],
  ['as_sym_int', (view, sizeOf) => constant(symbolic(view, sizeOf))],
  ['as_sym_ints', (view, sizeOf) => constant(view.items().map((item) => symbolic(item, sizeOf)))],
  ['as_sym_float', (view) => constant(plain(view, 'as_float').number())],
  ['as_sym_floats', (view) => constant(view.items().map((item) => plain(item, 'as_float').number()))],
  ['as_sym_bool', (view) => constant(plain(view, 'as_bool').boolean())],
  ['as_sym_bools', (view) => constant(view.items().map((item) => plain(item, 'as_bool').boolean()))],
  [
    'as_int_lists',
    (view) => constant(view.items().map((list) => list.items().map((item) => item.integer()))),
  ],
  ['as_scalar_type', (view) => constant(readDType(view))],
  // Tensors have one memory format and layout here, and no device.
  ['as_memory_format', () => constant(null)],
  ['as_layout', () => constant(null)],
  ['as_device', () => constant(null)],
])

function constant(value: AttributeValue): Argument {
  return { kind: 'constant', value }
}

function nameIn(view: JsonView): string {
  return view.field('name').string()
}

function optionalTensor(view: JsonView): Argument {
  const name = optionalName(view)
  return name === null ? constant(null) : { kind: 'tensor', name }
}

function optionalName(view: JsonView): string | null {
  const [kind, content] = view.variant()
  if (kind === 'as_none') return null
  return kind === 'as_tensor' ? nameIn(content) : view.fail('as_tensor or as_none', kind)
}

function symbolic(view: JsonView, sizeOf: SizeOf): Dim {
  const [kind, content] = view.variant()
  if (kind === 'as_int') return content.integer()
  return kind === 'as_name' ? sizeOf(content.string(), content) : view.fail('as_int or as_name', kind)
}

/** A number of which the program does not make another one. */
function plain(view: JsonView, expected: string): JsonView {
  const [kind, content] = view.variant()
  return kind === expected ? content : view.fail(`${expected}, which is known before the program runs`, kind)
}
