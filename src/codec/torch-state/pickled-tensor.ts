import { type DType, dtypes } from '../../tensor/dtype.ts'
import { describePickled, PickleFunction, PickleObject, type PickleValue } from '../pickle/pickle-value.ts'
import { PickleCallProblem, type PickleRules } from '../pickle/unpickle.ts'
import type { StridedLayout } from '../strided.ts'

/** Bytes that tensors lie in. */
export class PickledStorage extends PickleObject {
  readonly kind: string = 'a storage'
  /** Name of the storage in the file. */
  readonly key: string
  /** Undefined for bytes that each tensor gives a dtype. */
  readonly dtype: DType | undefined
  /** Elements, or bytes where there is no dtype. */
  readonly length: number

  constructor(key: string, dtype: DType | undefined, length: number) {
    super()
    this.key = key
    this.dtype = dtype
    this.length = length
  }
}

/** A tensor of a pickle: where it lies. */
export class PickledTensor extends PickleObject {
  readonly kind: string = 'a tensor'
  readonly storage: PickledStorage
  readonly layout: StridedLayout

  constructor(storage: PickledStorage, layout: StridedLayout) {
    super()
    this.storage = storage
    this.layout = layout
  }
}

/** PyTorch's classes of storages and their dtypes. */
const STORAGES: ReadonlyMap<string, DType | undefined> = new Map([
  ['BFloat16Storage', 'bfloat16'],
  ['BoolStorage', 'bool'],
  ['ByteStorage', 'uint8'],
  ['CharStorage', 'int8'],
  ['FloatStorage', 'float32'],
  ['HalfStorage', 'float16'],
  ['IntStorage', 'int32'],
  ['LongStorage', 'int64'],
  ['ShortStorage', 'int16'],
  ['UntypedStorage', undefined],
])

const FUNCTIONS: ReadonlyMap<string, PickleFunction> = new Map(
  [
    new PickleFunction('collections.OrderedDict', orderedDict),
    new PickleFunction('torch._utils._rebuild_tensor', rebuildTensor),
    new PickleFunction('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleFunction('torch._utils._rebuild_tensor_v3', rebuildTyped),
    new PickleFunction('torch._utils._rebuild_parameter', ([data = null]) => data),
    new PickleFunction('torch._utils._rebuild_parameter_with_state', ([data = null]) => data),
    new PickleFunction('torch.Size', ([sizes = null]) => sizes),
    new PickleFunction('torch.device', ([name = null]) => name),
    ...[...STORAGES.keys()].map((name) => new PickleFunction(`torch.${name}`)),
    new PickleFunction('torch.storage.UntypedStorage'),
    ...dtypes.map((name) => new PickleFunction(`torch.${name}`)),
  ].map((known) => [known.name, known]),
)

/**
 * What a file of torch.save may refer to: tensors, and nothing that runs.
 * @param storages receives the storages that the file names
 */
export function tensorRules(storages: Map<string, PickledStorage> = new Map()): PickleRules {
  return {
    format: 'pth',
    find: (module, name) => FUNCTIONS.get(`${module}.${name}`),
    load(id) {
      const storage = readStorage(id)
      const known = storage && storages.get(storage.key)
      if (storage === undefined) return undefined
      if (known === undefined) storages.set(storage.key, storage)
      return known === undefined || (known.dtype === storage.dtype && known.length === storage.length)
        ? (known ?? storage)
        : undefined
    },
  }
}

/** `('storage', class, key, place, length)`. */
function readStorage(id: PickleValue): PickledStorage | undefined {
  if (!Array.isArray(id)) return undefined
  const [tag, type, key, , length, view] = id
  const isStorage = tag === 'storage' && type instanceof PickleFunction && typeof key === 'string'
  if (!isStorage || !isSize(length) || (view !== undefined && view !== null)) return undefined
  const name = type.name.slice(type.name.lastIndexOf('.') + 1)
  return STORAGES.has(name) ? new PickledStorage(key, STORAGES.get(name), length) : undefined
}

function orderedDict([pairs]: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  const dictionary = new Map<PickleValue, PickleValue>()
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    if (!Array.isArray(pair)) throw new PickleCallProblem('pairs of a key and a value', describePickled(pair))
    dictionary.set(pair[0] ?? null, pair[1] ?? null)
  }
  return dictionary
}

/** `(storage, offset, sizes, strides, ...)`. */
function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): PickledTensor {
  if (!(storage instanceof PickledStorage) || storage.dtype === undefined)
    throw new PickleCallProblem('a storage with a dtype', describePickled(storage))
  return new PickledTensor(storage, layoutOf(storage.dtype, offset, shape, strides))
}

/** The same with a dtype behind `requires_grad` and hooks, for a storage without. */
function rebuildTyped([storage, offset, shape, strides, , , type]: readonly PickleValue[]): PickledTensor {
  const name = type instanceof PickleFunction ? type.name.slice('torch.'.length) : ''
  const dtype = dtypes.find((known) => known === name)
  if (!(storage instanceof PickledStorage) || dtype === undefined)
    throw new PickleCallProblem('a storage and a dtype', describePickled(type))
  return new PickledTensor(storage, layoutOf(dtype, offset, shape, strides))
}

function layoutOf(
  dtype: DType,
  offset: PickleValue | undefined,
  shape: PickleValue | undefined,
  strides: PickleValue | undefined,
): StridedLayout {
  if (isSize(offset) && isSizes(shape) && isSizes(strides) && shape.length === strides.length)
    return { dtype, shape, strides, offset }
  throw new PickleCallProblem(
    'an offset, and as many strides as sizes, all of them whole numbers of at least 0',
    [offset, shape, strides].map(describePickled).join(', '),
  )
}

function isSizes(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isSize)
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
