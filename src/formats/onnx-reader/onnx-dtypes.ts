import { TensorProto_DataType as OnnxType } from '../../codec/onnx.ts'
import { onnxType } from '../../lowering/onnx-dtype.ts'
import { type DType, dtypes } from '../../tensor/dtype.ts'

const BY_TYPE: ReadonlyMap<number, DType> = new Map(dtypes.map((dtype) => [Number(onnxType(dtype)), dtype]))

/** Types that lowbit computes in another one, which holds what models keep in them. */
const COMPUTED_AS: ReadonlyMap<number, DType> = new Map<number, DType>([
  [OnnxType.DOUBLE, 'float32'],
  [OnnxType.UINT16, 'int32'],
  [OnnxType.UINT32, 'int64'],
  [OnnxType.UINT64, 'int64'],
])

/** The dtype of ONNX's number, as it stands in inputs and outputs; undefined where lowbit has none. */
export function exactDType(type: number): DType | undefined {
  return BY_TYPE.get(type)
}

/** The dtype in which lowbit computes what has ONNX's number: double is float32, unsigned integers are the next wider signed ones. */
export function computedDType(type: number): DType | undefined {
  return BY_TYPE.get(type) ?? COMPUTED_AS.get(type)
}

/** The name of ONNX's number, for messages. */
export function onnxTypeName(type: number): string {
  return Object.entries(OnnxType).find(([, number]) => number === type)?.[0] ?? `type ${type}`
}
