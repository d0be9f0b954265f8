import type { DType } from '../tensor/dtype.ts'

/** Names of the format for the dtypes that lowbit has, in the order in which the format's own library sorts tensors. */
const NAMES: ReadonlyMap<string, DType> = new Map([
  ['BOOL', 'bool'],
  ['F4', 'float4_e2m1fn_x2'],
  ['U8', 'uint8'],
  ['I8', 'int8'],
  ['F8_E5M2', 'float8_e5m2'],
  ['F8_E4M3', 'float8_e4m3fn'],
  ['F8_E8M0', 'float8_e8m0fnu'],
  ['I16', 'int16'],
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['I32', 'int32'],
  ['F32', 'float32'],
  ['I64', 'int64'],
])

const RANKED: readonly (readonly [string, DType])[] = [...NAMES]

/** Names of all dtypes that can be read, for messages. */
export const safetensorsDTypeNames: string = [...NAMES.keys()].join(', ')

/** The dtype that a name of the format stands for; undefined when lowbit has none such. */
export function dtypeOfSafetensors(name: string): DType | undefined {
  return NAMES.get(name)
}

/** The format's name of a dtype, and its rank in a file: tensors of higher rank come first. Undefined where it has none. */
export function safetensorsDType(dtype: DType): { readonly name: string; readonly rank: number } | undefined {
  const rank = RANKED.findIndex(([, known]) => known === dtype)
  const name = RANKED[rank]?.[0]
  return name === undefined ? undefined : { name, rank }
}
