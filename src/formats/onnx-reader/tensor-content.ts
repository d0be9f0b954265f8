import {
  TensorProto_DataType as OnnxType,
  type TensorProto,
  TensorProto_DataLocation,
} from '../../codec/onnx.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { type DType, dtypeInfo } from '../../tensor/dtype.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { computedDType, exactDType, onnxTypeName } from './onnx-dtypes.ts'
import { onnxFailure } from './onnx-failure.ts'

/** More dimensions than any tensor has. */
const MAX_RANK = 64

/** Sizes of a tensor of the file. @throws FormatError for negative ones, too many, or more elements than can be counted */
export function shapeOfTensor({ name, dims }: TensorProto): number[] {
  if (dims.length > MAX_RANK) throw onnxFailure(name, `at most ${MAX_RANK} dimensions`, `${dims.length}`)
  let count = 1n
  for (const dim of dims) {
    if (dim < 0n) throw onnxFailure(name, 'sizes of at least 0', `[${dims.join(', ')}]`)
    count *= dim
  }
  // A tensor without elements may still have sizes that no number holds.
  const limit = BigInt(Number.MAX_SAFE_INTEGER)
  if (count > limit || dims.some((dim) => dim > limit))
    throw onnxFailure(name, 'a tensor whose elements can be counted', `[${dims.join(', ')}]`)
  return dims.map(Number)
}

/** Type of a tensor of the file, as lowbit computes with it. @throws FormatError for strings and complex numbers */
function dtypeOfTensor({ name, dataType }: TensorProto): DType {
  const dtype = computedDType(dataType)
  if (dtype === undefined) throw onnxFailure(name, 'a tensor of numbers', onnxTypeName(dataType))
  return dtype
}

/**
 * Elements of a tensor of the file, whose external data has been read.
 * @throws FormatError where there are more or fewer than the shape says, or both raw and typed ones
 */
export function contentOfTensor(tensor: TensorProto): HostArray {
  const shape = shapeOfTensor(tensor)
  const dtype = dtypeOfTensor(tensor)
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL)
    throw onnxFailure(tensor.name, 'external data to be read before', 'none')
  const typed = typedElements(tensor)
  if (tensor.rawData.byteLength === 0) return typedContent(tensor, dtype, shape, typed)
  if (typed.some(({ length }) => length > 0)) throw onnxFailure(tensor.name, 'raw or typed elements', 'both')
  return rawContent(tensor, dtype, shape)
}

function rawContent(tensor: TensorProto, dtype: DType, shape: readonly number[]): HostArray {
  const { name, rawData, dataType } = tensor
  const stored = exactDType(dataType)
  const bits = stored === undefined ? (WIDE_BITS.get(dataType) ?? 0) : dtypeInfo(stored).bits
  const count = shape.reduce((product, size) => product * size, 1)
  const expected = Math.ceil((count * bits) / 8)
  if (rawData.byteLength !== expected)
    throw onnxFailure(
      name,
      `${expected} bytes for ${onnxTypeName(dataType)} [${shape.join(', ')}]`,
      `${rawData.byteLength}`,
    )
  if (stored !== undefined) return new HostArray(stored, shape, rawData)
  const bytes = rawData.slice()
  switch (dataType) {
    case OnnxType.DOUBLE:
      return fromTypedArray(Float32Array.from(new Float64Array(bytes.buffer)), shape)
    case OnnxType.UINT16:
      return fromTypedArray(Int32Array.from(new Uint16Array(bytes.buffer)), shape)
    case OnnxType.UINT32:
      return fromTypedArray(BigInt64Array.from(new Uint32Array(bytes.buffer), BigInt), shape)
    default:
      return fromTypedArray(new BigInt64Array(bytes.buffer), shape, dtype)
  }
}

const WIDE_BITS: ReadonlyMap<number, number> = new Map([
  [Number(OnnxType.DOUBLE), 64],
  [Number(OnnxType.UINT16), 16],
  [Number(OnnxType.UINT32), 32],
  [Number(OnnxType.UINT64), 64],
])

/** The lists of typed elements, of which one may be filled. */
function typedElements({ floatData, int32Data, int64Data, doubleData, uint64Data, stringData }: TensorProto) {
  return [floatData, int32Data, int64Data, doubleData, uint64Data, stringData] as const
}

function typedContent(
  tensor: TensorProto,
  dtype: DType,
  shape: readonly number[],
  lists: ReturnType<typeof typedElements>,
): HostArray {
  const { name, dataType } = tensor
  const filled = lists.filter(({ length }) => length > 0)
  if (filled.length > 1) throw onnxFailure(name, 'one list of typed elements', `${filled.length}`)
  const list = listFor(tensor)
  const count = shape.reduce((product, size) => product * size, 1)
  if (filled.length === 1 && filled[0] !== list)
    throw onnxFailure(name, `elements where ${onnxTypeName(dataType)} has them`, 'another list')
  if (list.length !== storedCount(dtype, count))
    throw onnxFailure(name, `${count} elements for [${shape.join(', ')}]`, `${list.length}`)
  if (dtype === 'float32') return fromTypedArray(Float32Array.from(list, Number), shape)
  if (dtype === 'int64') return fromTypedArray(BigInt64Array.from(list, BigInt), shape)
  return codedContent(tensor, dtype, shape)
}

/** Types below 32 bits stand in `int32_data`: integers as numbers, floats by their bits, those below eight bits packed into bytes. */
function codedContent({ int32Data }: TensorProto, dtype: DType, shape: readonly number[]): HostArray {
  const { bits, kind } = dtypeInfo(dtype)
  if (bits < 8) return new HostArray(dtype, shape, Uint8Array.from(int32Data))
  if (kind !== 'float') return castArray(fromValues('int32', shape, int32Data), dtype)
  const codes = bits === 16 ? Uint16Array.from(int32Data) : Uint8Array.from(int32Data)
  return new HostArray(dtype, shape, new Uint8Array(codes.buffer))
}

function storedCount(dtype: DType, count: number): number {
  const { bits } = dtypeInfo(dtype)
  return bits < 8 ? Math.ceil((count * bits) / 8) : count
}

function listFor(tensor: TensorProto): readonly (number | bigint)[] {
  switch (tensor.dataType) {
    case OnnxType.FLOAT:
      return tensor.floatData
    case OnnxType.DOUBLE:
      return tensor.doubleData
    case OnnxType.INT64:
      return tensor.int64Data
    case OnnxType.UINT32:
    case OnnxType.UINT64:
      return tensor.uint64Data
    default:
      return tensor.int32Data
  }
}
