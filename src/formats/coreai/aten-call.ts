import type { Attributes, AttributeValue } from '../../ir/attributes.ts'
import type { Node, Value } from '../../ir/node.ts'
import { type AtenTarget, defaultOf, isIgnored, isTensorParameter, overloadsOf } from '../pt2/aten-schemas.ts'

/** An argument of a call: tensors, or a constant. */
export type CallArgument =
  | { readonly kind: 'tensor'; readonly value: Value | null }
  | { readonly kind: 'tensors'; readonly values: readonly (Value | null)[] }
  | { readonly kind: 'constant'; readonly value: AttributeValue; readonly isFloat: boolean }
  | { readonly kind: 'dtype'; readonly dtype: string | null }

/** A call of an operation as a program holds it. */
export interface ProgramCall {
  /** `torch.ops.aten.conv2d.default`. */
  readonly target: string
  readonly arguments: readonly {
    readonly name: string
    readonly argument: CallArgument
    readonly isKeyword: boolean
  }[]
  /** How many of the node's outputs the operation has: lowbit's may have more. */
  readonly outputCount: number
  /** Whether the outputs are one list of tensors. */
  readonly returnsList: boolean
}

/** Operations that return a list. */
const LISTS = new Set(['split', 'split_with_sizes', 'chunk', 'unbind'])
/** How many tensors an operation returns that returns neither one nor a list. */
const OUTPUTS: Readonly<Record<string, number>> = { lstm: 3, gru: 2 }
/** Operations whose overload for tensors also takes a number, which is what PyTorch's own programs have. */
const NUMBERS_AS_TENSORS = new Set(['add', 'sub', 'mul', 'div'])
/** Arguments that are floats in ATen's schemas, also where they have whole values. */
const FLOATS = new Set('eps momentum p dropout dropout_p scale min_val max_val negative_slope'.split(' '))
const KEYWORDS = new Set('dtype rounding_mode approximate scale enable_gqa correction'.split(' '))
/** Operations whose `alpha` and `beta` are keywords. */
const SCALED = new Set(['add', 'sub', 'rsub', 'addmm'])

/** Overloads that take fewer kinds of an argument than their schemas tell. */
const REFUSALS: Readonly<Record<string, (attrs: Attributes) => boolean>> = {
  'mean.default': ({ dim = null }) => dim !== null,
  'sum.default': ({ dim = null }) => dim !== null,
  'squeeze.default': ({ dim = null }) => dim !== null,
  'squeeze.dim': ({ dim }) => Array.isArray(dim),
  'to.device': () => true,
  'to.dtype_layout': () => true,
}

/** The ATen call that a node is; undefined where there is none. */
export function atenCall(node: Node): ProgramCall | undefined {
  const name = node.op.name.replace(/^aten\./, '')
  if (name === node.op.name) return undefined
  const overloads = [...overloadsOf(name)].sort(
    (a, b) => Number(b.overload === 'Tensor') - Number(a.overload === 'Tensor'),
  )
  for (const overload of overloads) {
    const call = callOf(node, overload)
    if (call !== undefined) return call
  }
  return undefined
}

function callOf(node: Node, { name, overload, schema }: AtenTarget): ProgramCall | undefined {
  const attrs = new Map(Object.entries(node.attrs))
  if (REFUSALS[`${name}.${overload}`]?.(node.attrs)) return undefined
  const inputs = [...node.inputs]
  const found: { name: string; argument: CallArgument | undefined; isKeyword: boolean }[] = []
  for (const [key, parameter] of Object.entries(schema)) {
    const attr = camelCase(key)
    const isKeyword = KEYWORDS.has(key) || (SCALED.has(name) && (key === 'alpha' || key === 'beta'))
    const add = (argument: CallArgument | undefined) => found.push({ name: key, argument, isKeyword })
    if (isIgnored(parameter)) {
      // The only one of those that has no default.
      if (key === 'cudnn_enabled' && name === 'batch_norm')
        add({ kind: 'constant', value: false, isFloat: false })
    } else if (isTensorParameter(parameter)) {
      const tensor = tensorArgument(name, key, inputs, attrs.get(attr))
      if (tensor === undefined) return undefined
      attrs.delete(attr)
      add(tensor.kind === 'tensor' && tensor.value === null ? undefined : tensor)
    } else {
      const initial = defaultOf(parameter)
      const value = attrs.get(attr)
      if (value === undefined && initial === undefined) return undefined
      attrs.delete(attr)
      const isDefault = value === undefined || JSON.stringify(value) === JSON.stringify(initial)
      const isDType = key === 'dtype' && typeof value === 'string'
      const given = value ?? null
      if (isDType) add({ kind: 'dtype', dtype: value })
      else
        add(
          isDefault && initial !== undefined
            ? undefined
            : { kind: 'constant', value: given, isFloat: FLOATS.has(key) },
        )
    }
  }
  if (inputs.some((input) => input !== null) || [...attrs.values()].some((value) => value !== null))
    return undefined
  return {
    target: `torch.ops.aten.${name}.${overload}`,
    arguments: withoutGaps(found, schema),
    outputCount: LISTS.has(name) ? node.outputs.length : (OUTPUTS[name] ?? 1),
    returnsList: LISTS.has(name),
  }
}

/** Positional arguments up to the last that is given, with the defaults of those between; keywords where they are given. */
function withoutGaps(
  found: readonly { name: string; argument: CallArgument | undefined; isKeyword: boolean }[],
  schema: AtenTarget['schema'],
): ProgramCall['arguments'] {
  const last = found.findLastIndex(({ argument, isKeyword }) => argument !== undefined && !isKeyword)
  return found.flatMap(({ name, argument, isKeyword }, i) => {
    if (argument !== undefined) return [{ name, argument, isKeyword }]
    if (isKeyword || i > last) return []
    const parameter = schema[name]
    const initial =
      parameter === undefined || isTensorParameter(parameter) ? null : (defaultOf(parameter) ?? null)
    return [{ name, argument: { kind: 'constant', value: initial, isFloat: FLOATS.has(name) }, isKeyword }]
  })
}

/** Takes what an argument needs from the inputs that are left; undefined where the overload does not fit. */
function tensorArgument(
  op: string,
  key: string,
  inputs: (Value | null)[],
  attr: AttributeValue | undefined,
): CallArgument | undefined {
  if (
    key === 'other' &&
    NUMBERS_AS_TENSORS.has(op) &&
    inputs.length === 0 &&
    attr !== undefined &&
    attr !== null
  )
    return { kind: 'constant', value: attr, isFloat: false }
  if (key === 'hx' && op === 'lstm') return { kind: 'tensors', values: inputs.splice(0, 2) }
  if (key === 'tensors' || key === 'params' || key === 'indices')
    if (op !== 'embedding') return { kind: 'tensors', values: inputs.splice(0) }
  if (attr !== undefined && attr !== null) return undefined
  return { kind: 'tensor', value: inputs.shift() ?? null }
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
