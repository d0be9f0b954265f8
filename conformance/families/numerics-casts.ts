import {
  type CodedFloat,
  castArray,
  decodeFloats,
  dtypes,
  encodeFloats,
  type FloatCodes,
  type HostArray,
  isCodedFloat,
  type MicroscaledDType,
  microscales,
  packSubByte,
  roundFloats,
  toFloat32,
  toTypedArray,
} from '../../src/tensor/index.ts'
import type { EntryContext } from '../case.ts'
import { compareExactly, type Divergence } from '../divergence.ts'

/** Checks an entry of numerics/casts: codes, values, packed bytes and shared scales, bit for bit. */
export function checkCast(context: EntryContext): Divergence | undefined {
  const { kind } = context.entry
  if (kind === 'decode') return checkDecode(context)
  if (kind === 'cast_in_range') return checkCastInRange(context)
  if (kind === 'encode_no_nan') return checkCodes(context)
  if (kind === 'pack_fp4') return checkPacking(context)
  if (kind === 'e8m0_scale') return checkScales(context)
  return { where: 'kind', expected: 'a kind that is known', got: String(kind) }
}

function checkDecode(context: EntryContext): Divergence | undefined {
  const got = decodeFloats(codesIn(context, 'codes'), codedFloat(context))
  return compareExactly('values', toFloat32(tensor(context, 'values')), got)
}

function checkCastInRange(context: EntryContext): Divergence | undefined {
  const input = toFloat32(tensor(context, 'input'))
  const values = compareExactly(
    'values',
    toFloat32(tensor(context, 'values')),
    roundFloats(input, codedFloat(context)),
  )
  return values ?? ('codes' in context.entry ? checkCodes(context) : undefined)
}

/** Codes are compared by value where they are NaN, because any NaN is as good as any other. */
function checkCodes(context: EntryContext): Divergence | undefined {
  const dtype = codedFloat(context)
  const expected = codesIn(context, 'codes')
  const got = encodeFloats(toFloat32(tensor(context, 'input')), dtype)
  const expectedValues = decodeFloats(expected, dtype)
  const gotValues = decodeFloats(got, dtype)
  const bothNaN = (i: number): boolean => Number.isNaN(expectedValues[i]) && Number.isNaN(gotValues[i])
  return compareExactly('codes', Array.from(expected, maskNaN), Array.from(got, maskNaN))

  function maskNaN(code: number, index: number): number {
    return bothNaN(index) ? Number.NaN : code
  }
}

function checkPacking(context: EntryContext): Divergence | undefined {
  const codes = codesIn(context, 'codes')
  const input = tensor(context, 'input')
  const packed = tensor(context, 'packed').bytes
  return (
    compareExactly('codes', codes, encodeFloats(toFloat32(input), 'float4_e2m1fn_x2')) ??
    compareExactly('packed', packed, packSubByte(Uint8Array.from(codes), 4)) ??
    compareExactly('bytes of the cast array', packed, castArray(input, 'float4_e2m1fn_x2').bytes)
  )
}

function checkScales(context: EntryContext): Divergence | undefined {
  const dtype = codedFloat(context)
  if (!isMicroscaled(dtype)) return { where: 'dtype', expected: 'one with shared scales', got: dtype }
  const scales = microscales(toFloat32(tensor(context, 'max_abs')), dtype)
  return (
    compareExactly('scale', toFloat32(tensor(context, 'scale')), scales) ??
    compareExactly(
      'scale_e8m0_code',
      codesIn(context, 'scale_e8m0_code'),
      encodeFloats(scales, 'float8_e8m0fnu'),
    )
  )
}

function isMicroscaled(dtype: CodedFloat): dtype is MicroscaledDType {
  return dtype === 'float4_e2m1fn_x2' || dtype === 'float8_e4m3fn' || dtype === 'float8_e5m2'
}

function codedFloat({ entry }: EntryContext): CodedFloat {
  const dtype = dtypes.find((known) => known === entry.dtype)
  if (dtype !== undefined && isCodedFloat(dtype)) return dtype
  throw new RangeError(
    `Cannot check "dtype": expected a float of at most 16 bits, got ${String(entry.dtype)}`,
  )
}

function codesIn(context: EntryContext, key: string): FloatCodes {
  const codes = toTypedArray(tensor(context, key))
  if (codes instanceof Uint8Array || codes instanceof Uint16Array) return codes
  throw new TypeError(`Cannot check "${key}": expected unsigned codes, got a ${codes.constructor.name}`)
}

function tensor({ entry, tensors }: EntryContext, key: string): HostArray {
  const array = tensors().get(String(entry[key]))
  if (array !== undefined) return array
  throw new RangeError(`Cannot check "${key}": expected the name of a tensor, got ${String(entry[key])}`)
}
