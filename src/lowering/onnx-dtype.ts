import { TensorProto_DataType as OnnxType } from '../codec/onnx.ts'
import type { DType } from '../tensor/dtype.ts'

const ONNX_TYPES: Record<DType, OnnxType> = {
  float32: OnnxType.FLOAT,
  float16: OnnxType.FLOAT16,
  bfloat16: OnnxType.BFLOAT16,
  float8_e4m3fn: OnnxType.FLOAT8E4M3FN,
  float8_e5m2: OnnxType.FLOAT8E5M2,
  float8_e8m0fnu: OnnxType.FLOAT8E8M0,
  float4_e2m1fn_x2: OnnxType.FLOAT4E2M1,
  int64: OnnxType.INT64,
  int32: OnnxType.INT32,
  int16: OnnxType.INT16,
  int8: OnnxType.INT8,
  uint8: OnnxType.UINT8,
  int4: OnnxType.INT4,
  uint4: OnnxType.UINT4,
  int2: OnnxType.INT2,
  uint2: OnnxType.UINT2,
  bool: OnnxType.BOOL,
}

/** ONNX's number for a dtype. */
export function onnxType(dtype: DType): OnnxType {
  return ONNX_TYPES[dtype]
}

/** Dtypes that cross a session's border as they are. */
export type CarrierDType = 'float32' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

/**
 * The dtype in which a graph carries values of another one between its nodes: float32 for all floats (results are rounded to
 * their own dtype, as PyTorch does on a CPU, where few engines have kernels for narrow floats), int8 or uint8 for what is below eight bits.
 */
export function carrierOf(dtype: DType): CarrierDType {
  switch (dtype) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'float8_e8m0fnu':
    case 'float4_e2m1fn_x2':
      return 'float32'
    case 'int4':
    case 'int2':
      return 'int8'
    case 'uint4':
    case 'uint2':
      return 'uint8'
    default:
      return dtype
  }
}
