import { DataType } from '../../codec/coreml.ts'
import { BLOB_TYPES, type BlobType } from '../../codec/weight-blobs.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'

/** The dtype of floats in a program. */
export type ComputePrecision = 'float32' | 'float16'

/** A dtype that values of a program have. */
export type MilDType = 'bool' | 'float16' | 'float32' | 'int32' | 'int8' | 'uint8' | 'int4' | 'uint4'

const PROTO_TYPES: Readonly<Record<MilDType, DataType>> = {
  bool: DataType.BOOL,
  float16: DataType.FLOAT16,
  float32: DataType.FLOAT32,
  int32: DataType.INT32,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  int4: DataType.INT4,
  uint4: DataType.UINT4,
}

/** The dtype that stands for another one in a program: floats are the program's own, wide integers int32. Undefined for what has none. */
export function milDType(dtype: DType, precision: ComputePrecision): MilDType | undefined {
  const { kind, bits } = dtypeInfo(dtype)
  if (dtype === 'bool') return 'bool'
  if (kind === 'float') return bits >= 16 ? precision : undefined
  if (bits > 8) return 'int32'
  return dtype in PROTO_TYPES ? (dtype as MilDType) : undefined
}

/** The number that a dtype has in messages. */
export function protoType(dtype: MilDType): DataType {
  return PROTO_TYPES[dtype]
}

/** Whether elements of a dtype can stand in the file of weights. */
export function isBlobType(dtype: MilDType): dtype is BlobType {
  return dtype in BLOB_TYPES
}

/** What MIL's cast calls a dtype. */
export function castName(dtype: MilDType): string {
  return dtype === 'float32' ? 'fp32' : dtype === 'float16' ? 'fp16' : dtype
}
