import { fromBinary } from '@bufbuild/protobuf'
import {
  type CoreMLModel,
  DataType,
  type MilProtoValue,
  ModelSchema,
  type ValueType,
} from '../src/codec/coreml.ts'

/** Names of dtypes in listings. */
const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(DataType).map(([name, number]) => [number, name.toLowerCase()]),
)

/**
 * The operations of a Core ML model, a line each, without names of values and with constants in their places, so that programs of different writers compare:
 * `%1 float32 [2, 3] = linear(bias=..., weight=%0, x=x)`.
 */
export function listProgram(model: Uint8Array, weights: Uint8Array): string[] {
  const functions = programOf(fromBinary(ModelSchema, model)).functions
  const block = functions.main?.blockSpecializations.CoreML8
  const texts = new Map<string, string>()
  const lines: string[] = []
  for (const { type, inputs, outputs, attributes } of block?.operations ?? []) {
    const [output] = outputs
    if (type === 'const') {
      texts.set(output?.name ?? '', valueText(attributes.val, weights))
      continue
    }
    const args = Object.entries(inputs).map(([name, { arguments: bindings }]) => {
      const values = bindings.map(({ binding }) =>
        binding.case === 'name'
          ? (texts.get(binding.value) ?? binding.value)
          : valueText(binding.value, weights),
      )
      return `${name}=${values.join(' ')}`
    })
    for (const each of outputs) texts.set(each.name, `%${lines.length}`)
    lines.push(
      `%${lines.length} ${outputs.map((each) => typeText(each.type)).join(' ')} = ${type}(${args.sort().join(', ')})`,
    )
  }
  lines.push(`return ${block?.outputs.map((name) => texts.get(name)).join(' ')}`)
  return lines
}

function programOf({
  Type,
}: CoreMLModel): NonNullable<Extract<CoreMLModel['Type'], { case: 'mlProgram' }>['value']> {
  if (Type.case !== 'mlProgram') throw new RangeError(`expected an ML program, got ${Type.case}`)
  return Type.value
}

function typeText(type: ValueType | undefined): string {
  if (type?.type.case !== 'tensorType') return '?'
  const { dataType, dimensions } = type.type.value
  const sizes = dimensions.map(({ dimension }) =>
    dimension.case === 'constant' ? dimension.value.size : '?',
  )
  return `${NAMES[dataType]} [${sizes.join(', ')}]`
}

function valueText(value: MilProtoValue | undefined, weights: Uint8Array): string {
  const type = typeText(value?.type)
  if (value?.value.case === 'blobFileValue')
    return `${type} ${blobText(weights, Number(value.value.value.offset))}`
  const content = value?.value.case === 'immediateValue' ? value.value.value.value : undefined
  const tensor = content?.case === 'tensor' ? content.value.value : undefined
  const values = Array.from<unknown>(tensor?.value?.values ?? [])
  return tensor?.case === 'strings' ? `"${values.join()}"` : `${type} ${values.join(' ')}`
}

/** The bytes of a blob, in hexadecimal digits. */
function blobText(weights: Uint8Array, offset: number): string {
  const view = new DataView(weights.buffer, weights.byteOffset)
  const start = Number(view.getBigUint64(offset + 16, true))
  const size = Number(view.getBigUint64(offset + 8, true))
  const kind = view.getUint32(offset + 4, true)
  const unused = view.getBigUint64(offset + 24, true)
  return `blob ${kind} ${unused} ${Buffer.from(weights.subarray(start, start + size)).toString('hex')}`
}
