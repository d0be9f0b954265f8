import { TensorProto_DataType as OnnxType, type TensorProto } from '../../codec/onnx.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'

/** The largest float16, and the smallest that is not zero. */
const LARGEST = 65_504
const SMALLEST = 2 ** -24

/**
 * A tensor of float32 as float16. Finite numbers stay finite, so that the lowest float32, which masks attention, masks nothing out to infinity; and what is not zero
 * stays so, because epsilons are there to be divided by. Undefined for a tensor of another dtype.
 */
export function halfTensor(tensor: TensorProto, name: string = tensor.name): TensorProto | undefined {
  if (tensor.dataType !== OnnxType.FLOAT) return undefined
  const shape = tensor.dims.map(Number)
  const values = elementsOf(tensor)
  for (const [i, value] of values.entries()) values[i] = representable(value)
  const { dtype, bytes } = castArray(fromTypedArray(values, shape), 'float16')
  return tensorProto(name, dtype, shape, bytes)
}

/** A number as near as float16 comes without its becoming infinite or zero. */
export function representable(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value
  return Math.sign(value) * Math.min(LARGEST, Math.max(SMALLEST, Math.abs(value)))
}

function elementsOf({ rawData, floatData }: TensorProto): Float32Array {
  if (rawData.byteLength === 0) return Float32Array.from(floatData)
  // A copy: it is changed, and it may begin at any byte of the file.
  return new Float32Array(rawData.slice().buffer)
}
