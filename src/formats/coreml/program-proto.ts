import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type ArgumentSchema,
  DataType,
  type MilOperationSchema,
  type MilProtoValueSchema,
  ProgramSchema,
  type ValueTypeSchema,
} from '../../codec/coreml.ts'
import type { WeightBlobs } from '../../codec/weight-blobs.ts'
import type { Dims } from '../../ir/dim.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import { isBlobType, type MilDType, protoType } from './mil-dtype.ts'
import type { Literal, Program, ProgramOperation, ProgramValue } from './program.ts'

type OperationInit = MessageInitShape<typeof MilOperationSchema>
type ValueInit = MessageInitShape<typeof MilProtoValueSchema>
type ArgumentInit = MessageInitShape<typeof ArgumentSchema>
type TypeInit = MessageInitShape<typeof ValueTypeSchema>

/** The set of operations of iOS 18. */
const OPSET = 'CoreML8'
/** Constants of fewer elements stand in the program itself. */
const MIN_BLOB_ELEMENTS = 10
const WEIGHT_FILE = '@model_path/weights/weight.bin'

/** A program as a message; its larger constants go to `blobs`. */
export function programProto(
  { inputs, operations, outputs }: Program,
  blobs: WeightBlobs,
): MessageInitShape<typeof ProgramSchema> {
  const written = new Map<HostArray, ValueInit>()
  const block = {
    outputs: outputs.map(({ name }) => name),
    operations: operations.map((operation) => operationInit(operation, blobs, written)),
  }
  return create(ProgramSchema, {
    version: 1n,
    functions: {
      main: { inputs: inputs.map(namedType), opset: OPSET, blockSpecializations: { [OPSET]: block } },
    },
  })
}

function operationInit(
  operation: ProgramOperation,
  blobs: WeightBlobs,
  written: Map<HostArray, ValueInit>,
): OperationInit {
  switch (operation.kind) {
    case 'constant': {
      const { output, literal } = operation
      const val = literalValue(literal, blobs, written)
      return { type: 'const', outputs: [namedType(output)], attributes: { ...nameOf(output), val } }
    }
    case 'weight': {
      const { output, data, scale, offset } = operation
      const inputs = Object.entries({ data, scale, offset }).map(([key, array]): [string, ArgumentInit] => {
        const value = literalValue(array, blobs, written)
        return [key, { arguments: [{ binding: { case: 'value', value } }] }]
      })
      return {
        type: 'constexpr_blockwise_shift_scale',
        inputs: Object.fromEntries(inputs),
        outputs: [namedType(output)],
        attributes: nameOf(output),
      }
    }
    case 'call': {
      const { type, args, outputs } = operation
      const inputs = Object.entries(args).map(([key, values]): [string, ArgumentInit] => {
        const bindings = values.map(({ name }) => ({ binding: { case: 'name' as const, value: name } }))
        return [key, { arguments: bindings }]
      })
      return {
        type,
        inputs: Object.fromEntries(inputs),
        outputs: outputs.map(namedType),
        attributes: nameOf(outputs[0]),
      }
    }
  }
}

function nameOf(output: ProgramValue | undefined): { readonly name: ValueInit } {
  return { name: stringValue(output?.name ?? '') }
}

function namedType({ name, shape, milDType }: ProgramValue): { name: string; type: TypeInit } {
  return { name, type: tensorType(milDType === 'string' ? DataType.STRING : protoType(milDType), shape) }
}

/** Sizes that vary are unknown until the program runs. */
function tensorType(dataType: DataType, shape: Dims): TypeInit {
  const dimensions = shape.map((dim) =>
    typeof dim === 'number'
      ? { dimension: { case: 'constant' as const, value: { size: BigInt(dim) } } }
      : { dimension: { case: 'unknown' as const, value: { variadic: false } } },
  )
  return { type: { case: 'tensorType', value: { dataType, rank: BigInt(shape.length), dimensions } } }
}

function stringValue(text: string): ValueInit {
  return {
    type: tensorType(DataType.STRING, []),
    value: immediate({ case: 'strings', value: { values: [text] } }),
  }
}

function literalValue(literal: Literal, blobs: WeightBlobs, written: Map<HostArray, ValueInit>): ValueInit {
  if (typeof literal === 'string') return stringValue(literal)
  const known = written.get(literal)
  if (known !== undefined) return known
  const value = {
    type: tensorType(protoType(literal.dtype as MilDType), literal.shape),
    value: contentOf(literal, blobs),
  }
  written.set(literal, value)
  return value
}

function contentOf(array: HostArray, blobs: WeightBlobs): NonNullable<ValueInit['value']> {
  const dtype = array.dtype as MilDType
  if (sizeOf(array.shape) < MIN_BLOB_ELEMENTS || !isBlobType(dtype)) return immediate(tensorValue(array))
  const unused = array.bytes.byteLength * 8 - sizeOf(array.shape) * dtypeInfo(dtype).bits
  const offset = BigInt(blobs.add(dtype, array.bytes, unused))
  return { case: 'blobFileValue', value: { fileName: WEIGHT_FILE, offset } }
}

type Elements =
  | { case: 'strings'; value: { values: string[] } }
  | { case: 'floats'; value: { values: number[] } }
  | { case: 'ints'; value: { values: number[] } }
  | { case: 'bools'; value: { values: boolean[] } }
  | { case: 'bytes'; value: { values: Uint8Array } }

function tensorValue(array: HostArray): Elements {
  switch (array.dtype) {
    case 'float32':
      return { case: 'floats', value: { values: [...toFloat32(array)] } }
    case 'int32':
      return { case: 'ints', value: { values: Array.from(toTypedArray(array), Number) } }
    case 'bool':
      return { case: 'bools', value: { values: Array.from(array.bytes, (byte) => byte !== 0) } }
    default:
      return { case: 'bytes', value: { values: array.bytes } }
  }
}

function immediate(elements: Elements): NonNullable<ValueInit['value']> {
  return { case: 'immediateValue', value: { value: { case: 'tensor', value: { value: elements } } } }
}
