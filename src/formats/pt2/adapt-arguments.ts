import type { Attributes, AttributeValue } from '../../ir/attributes.ts'
import type { Dim } from '../../ir/dim.ts'

type Draft = Record<string, AttributeValue>

/** Where a rule leaves the dtype that the first input is cast to. */
const CAST = 'castFirst'

/** A call as lowbit's operation takes it. */
export interface Adapted {
  /** ATen's name of the operation that does it. */
  readonly name: string
  readonly attrs: Attributes
  /** What the first input is cast to before. */
  readonly cast: AttributeValue | undefined
}

/**
 * Writes a call as lowbit's operation takes it: lists for single dimensions, strides of pools that are the window, numbers for the string
 * paddings of convolutions, one operation for the names that ATen has besides.
 *
 * @param kernel sizes of the second input, for a convolution
 */
export function adaptCall(
  name: string,
  overload: string,
  attrs: Attributes,
  kernel: readonly Dim[],
): Adapted {
  const draft: Draft = { ...attrs }
  if (draft.dtype === null) delete draft.dtype
  const rule = RULES.get(`${name}.${overload}`) ?? RULES.get(name)
  const adapted = rule?.(draft, kernel) ?? name
  const { [CAST]: cast, ...others } = draft
  return { name: adapted, attrs: others, cast }
}

/** Changes the arguments; returns the name of the operation where it is another one. */
type Rule = (attrs: Draft, kernel: readonly Dim[]) => string | undefined

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['arange', (attrs) => fill(attrs, { start: 0, step: 1 })],
  ['avg_pool1d', windowStride],
  ['avg_pool2d', windowStride],
  ['avg_pool3d', windowStride],
  ['_unsafe_view', () => 'view'],
  ['clamp_max', (attrs) => fill(attrs, { min: null }) ?? 'clamp'],
  ['clamp_min', (attrs) => fill(attrs, { max: null }) ?? 'clamp'],
  ['clip', () => 'clamp'],
  ['concat', () => 'cat'],
  ['conv1d.padding', numericPadding],
  ['conv2d.padding', numericPadding],
  ['conv3d.padding', numericPadding],
  ['cumsum', (attrs) => moveDtype(attrs)],
  ['div.Scalar', (attrs) => fill(attrs, { roundingMode: null })],
  ['div.Tensor', (attrs) => fill(attrs, { roundingMode: null })],
  ['fill.Scalar', (attrs) => rename(attrs, 'value', 'fillValue') ?? 'full_like'],
  ['floor_divide', (attrs) => fill(attrs, { roundingMode: 'floor' }) ?? 'div'],
  ['log_softmax', (attrs) => moveDtype(attrs)],
  ['linalg_vector_norm', (attrs) => moveDtype(attrs)],
  ['masked_fill.Scalar', choose],
  ['masked_fill.Tensor', () => 'where'],
  ['max_pool1d', windowStride],
  ['max_pool2d', windowStride],
  ['max_pool3d', windowStride],
  ['mean', (attrs) => moveDtype(attrs)],
  ['movedim.int', (attrs) => listed(attrs, 'source', 'destination')],
  ['norm.Scalar', (attrs) => fill(attrs, { dim: null, keepdim: false }) ?? rename(attrs, 'p', 'ord')],
  ['norm.ScalarOpt_dim', (attrs) => rename(attrs, 'p', 'ord')],
  ['numpy_T', () => 't'],
  ['prod', (attrs) => moveDtype(attrs)],
  ['softmax', (attrs) => moveDtype(attrs)],
  ['squeeze.dim', listOfOne],
  ['std.default', overAll],
  ['std.dim', unbiased],
  ['sum', (attrs) => moveDtype(attrs)],
  ['swapaxes', (attrs) => rename(attrs, 'axis0', 'dim0') ?? rename(attrs, 'axis1', 'dim1') ?? 'transpose'],
  ['to.dtype_layout', (attrs) => (attrs.dtype === undefined ? 'alias' : undefined)],
  ['var.default', overAll],
  ['var.dim', unbiased],
])

/** Adds what is not given. */
function fill(attrs: Draft, values: Attributes): undefined {
  for (const [key, value] of Object.entries(values)) attrs[key] ??= value
}

function rename(attrs: Draft, from: string, to: string): undefined {
  attrs[to] = attrs[from] ?? null
  delete attrs[from]
}

function listed(attrs: Draft, ...names: readonly string[]): undefined {
  for (const name of names) attrs[name] = [attrs[name] ?? 0]
}

function listOfOne(attrs: Draft): undefined {
  attrs.dim = [attrs.dim ?? 0]
}

/** Operations that take a dtype compute in it, as if their input had it. */
function moveDtype(attrs: Draft): undefined {
  const { dtype } = attrs
  delete attrs.dtype
  if (dtype !== undefined) attrs[CAST] = dtype
}

/** What is filled is chosen where the mask is false. */
function choose(attrs: Draft): string {
  attrs.other = attrs.value ?? 0
  delete attrs.value
  return 'where'
}

function windowStride(attrs: Draft): undefined {
  if (Array.isArray(attrs.stride) && attrs.stride.length === 0) attrs.stride = attrs.kernelSize ?? []
}

function unbiased(attrs: Draft): undefined {
  attrs.correction = attrs.unbiased === false ? 0 : 1
  delete attrs.unbiased
}

function overAll(attrs: Draft): undefined {
  fill(attrs, { dim: null, keepdim: false })
  unbiased(attrs)
}

/** `same` and `valid` in numbers: as much as keeps the size at stride 1. */
function numericPadding(attrs: Draft, [, , ...kernel]: readonly Dim[]): undefined {
  if (attrs.padding === 'valid') attrs.padding = kernel.map(() => 0)
  if (attrs.padding !== 'same') return
  const dilation = Array.isArray(attrs.dilation) ? attrs.dilation : []
  attrs.padding = kernel.map((size, i) => {
    const total = Number(dilation[i] ?? dilation[0] ?? 1) * (Number(size) - 1)
    if (total % 2 === 0) return total / 2
    throw new RangeError(`padding "same" that is ${total} in all, which two sides cannot share`)
  })
}
