import { AttributeProto_AttributeType as AttributeType, type GraphProto } from '../../codec/onnx.ts'
import type { Value } from '../../ir/node.ts'
import { onnxType } from '../../lowering/onnx-dtype.ts'

/** Element types of a file's values: as it declares them, or else as they were imported. */
export class FileTypes {
  readonly #declared = new Map<string, number>()

  constructor({ input, output, valueInfo, initializer, node }: GraphProto) {
    for (const { name, type } of [...input, ...valueInfo, ...output])
      if (type?.value.case === 'tensorType') this.#declared.set(name, type.value.value.elemType)
    for (const { name, dataType } of initializer) this.#declared.set(name, dataType)
    for (const { opType, output: results, attribute } of node) {
      const to = attribute.find(({ name, type }) => name === 'to' && type === AttributeType.INT)
      const value = attribute.find(({ name }) => name === 'value')
      const type = opType === 'Cast' ? Number(to?.i) : opType === 'Constant' ? value?.t?.dataType : undefined
      if (type !== undefined) this.#declared.set(results[0] ?? '', type)
    }
  }

  /** ONNX's number of the type that a value of the file has. */
  typeOf(name: string, original: Value): number {
    return this.#declared.get(name) ?? onnxType(original.dtype)
  }
}
