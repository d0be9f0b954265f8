import type { TensorCall } from '../../engine/tensor-call.ts'

/** An argument of a function that may be a tensor. */
export interface TensorArgument {
  /** Name in the function's signature, or its position where eager mode knows no name. */
  readonly name: string
  /** Place among the inputs of the operation. */
  readonly input: number
}

/** A function by the names that configs and fake quantizers have for it. */
export interface TensorFunction {
  /** `linear`, `add`, `add_`. */
  readonly name: string
  /** Type as `op_type_config` knows it; null for a function that settings of operations do not reach. */
  readonly type: string | null
  /** Arguments in the order of the signature; integer keys of specs are places in it. Others follow by position. */
  readonly arguments: readonly TensorArgument[]
  /** Arguments that are always there and no tensors, after the others: naming one in a spec does nothing. */
  readonly settings: number
  /** Whether the tensors come as a list: nothing of such a call is quantized. */
  readonly takesList: boolean
  /** How many of the operation's outputs the function returns; the others are new states. */
  readonly results: number
  /** Whether module boundaries see it: PyTorch has functions that no one can step between. */
  readonly isSeen: boolean
}

const input: readonly TensorArgument[] = [{ name: 'input', input: 0 }]
const weighted = [...input, { name: 'weight', input: 1 }, { name: 'bias', input: 2 }]
const binary = [...input, { name: 'other', input: 1 }]

/** Arguments under names of their own, in the order of the operation's inputs. */
const named = (...names: readonly string[]): readonly TensorArgument[] =>
  names.map((name, place) => ({ name, input: place }))

type Signature = Pick<TensorFunction, 'arguments' | 'settings'> &
  Partial<Pick<TensorFunction, 'takesList' | 'results' | 'isSeen'>>

const take = (args: readonly TensorArgument[], settings = 0): Signature => ({ arguments: args, settings })

/** Functions that are quantized by settings of operations, by type. */
const QUANTIZABLE = new Map<string, Signature>([
  ['conv1d', take(weighted)],
  ['conv2d', take(weighted)],
  ['conv3d', take(weighted)],
  ['conv_transpose1d', take(weighted)],
  ['conv_transpose2d', take(weighted)],
  ['conv_transpose3d', take(weighted)],
  ['linear', take(weighted)],
  [
    'embedding',
    take([
      { name: 'input', input: 1 },
      { name: 'weight', input: 0 },
    ]),
  ],
  ['max_pool2d', take(input, 1)],
  ['adaptive_avg_pool2d', take(input, 1)],
  ['add', take(binary)],
  ['sub', take(binary)],
  ['mul', take(binary)],
  ['matmul', take(binary)],
])

/** Signatures of other functions that read states. */
const OTHERS = new Map<string, Signature>([
  ['layer_norm', take(weighted)],
  ['group_norm', take(weighted)],
  ['rms_norm', take(weighted)],
  [
    'batch_norm',
    {
      ...take([
        ...input,
        { name: 'running_mean', input: 3 },
        { name: 'running_var', input: 4 },
        { name: 'weight', input: 1 },
        { name: 'bias', input: 2 },
      ]),
      results: 1,
    },
  ],
  ['cat', { ...take(input), takesList: true }],
  ['stack', { ...take(input), takesList: true }],
  ['hardswish', { ...take(input), isSeen: false }],
  ['hardsigmoid', { ...take(input), isSeen: false }],
  ...['div', 'maximum', 'minimum'].map((type) => [type, take(binary)] as const),
  ...['permute', 'reshape', 'view', 'expand', 'slice'].map((type) => [type, take(named('0'))] as const),
  ['bmm', take(named('input', 'mat2'))],
  ['einsum', take(named('1', '2', '3', '4'))],
  ['rsub', take(named('self'))],
  ['where', take(named('condition', 'input', 'other'))],
  ['scaled_dot_product_attention', take(named('query', 'key', 'value'))],
])

/** Functions that PyTorch calls otherwise than their operations. */
const FUNCTION_NAMES: Readonly<Record<string, string>> = {
  log_sigmoid: 'logsigmoid',
  rsub: '__rsub__',
  slice: '__getitem__',
  upsample_nearest1d: 'interpolate',
  upsample_nearest2d: 'interpolate',
  upsample_nearest3d: 'interpolate',
  upsample_bilinear2d: 'interpolate',
  upsample_bicubic2d: 'interpolate',
}

const known = new Map<string, TensorFunction>()

/** The function that a call calls. */
export function functionOf({ name, isInPlace }: Pick<TensorCall, 'name' | 'isInPlace'>): TensorFunction {
  const key = isInPlace ? `${name}_` : name
  let found = known.get(key)
  if (found === undefined) {
    const type = name.slice(name.lastIndexOf('.') + 1)
    const quantizable = QUANTIZABLE.get(type)
    const base = FUNCTION_NAMES[type] ?? type
    found = {
      name: isInPlace ? `${base}_` : base,
      type: quantizable === undefined ? null : type,
      takesList: false,
      results: Number.POSITIVE_INFINITY,
      isSeen: true,
      ...(quantizable ?? OTHERS.get(type) ?? take(input)),
    }
    known.set(key, found)
  }
  return found
}

/** Every argument of one call that may be a tensor: those of the signature, then further inputs by position. */
export function argumentsOf(fn: TensorFunction, inputCount: number): readonly TensorArgument[] {
  if (inputCount <= fn.arguments.length) return fn.arguments
  const taken = new Set(fn.arguments.map((argument) => argument.input))
  const others = Array.from({ length: inputCount }, (_, i): TensorArgument => ({ name: String(i), input: i }))
  return [...fn.arguments, ...others.filter((argument) => !taken.has(argument.input))]
}
