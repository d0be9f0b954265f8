// Tensors as memory: element types and their codes, shapes, host arrays, conversions between dtypes, seeded random numbers.
// Nothing here knows graphs, engines or files. This is the only place where values are rounded to narrow floats and where
// elements below eight bits are packed.
export { broadcastShapes } from './broadcast-shapes.ts'
export { castArray } from './cast-array.ts'
export { type DType, type DTypeInfo, dtypeInfo, dtypes, isFloating } from './dtype.ts'
export {
  type CodedFloat,
  decodeFloats,
  encodeFloats,
  type FloatCodes,
  isCodedFloat,
  roundFloats,
} from './float-codes.ts'
export { fromTypedArray } from './from-typed-array.ts'
export { fromValues } from './from-values.ts'
export { byteLength, HostArray } from './host-array.ts'
export { type MicroscaledDType, microscales } from './microscales.ts'
export { Random } from './random.ts'
export { type Shape, sizeOf, stridesOf } from './shape.ts'
export { ShapeError } from './shape-error.ts'
export { packSubByte, type SubByteBits, unpackSigned, unpackUnsigned } from './sub-byte.ts'
export { toFloat32 } from './to-float32.ts'
export { toTypedArray } from './to-typed-array.ts'
export type { TypedArray } from './typed-array.ts'
