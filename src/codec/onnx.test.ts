import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { FormatError } from './format-error.ts'
import {
  decodeModel,
  encodeModel,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
} from './onnx.ts'

function smallModel() {
  return create(ModelProtoSchema, {
    irVersion: 10n,
    opsetImport: [{ domain: '', version: 21n }],
    graph: create(GraphProtoSchema, {
      name: 'g',
      node: [create(NodeProtoSchema, { opType: 'Add', input: ['x', 'w'], output: ['y'] })],
      initializer: [
        create(TensorProtoSchema, {
          name: 'w',
          dims: [2n, 2n],
          dataType: TensorProto_DataType.INT4,
          rawData: Uint8Array.of(0x21, 0xf8),
        }),
      ],
    }),
  })
}

describe('decodeModel()', () => {
  it('decodeModel() gives back what encodeModel() wrote', () => {
    const model = decodeModel(encodeModel(smallModel()))
    expect(model.irVersion).toBe(10n)
    expect(model.opsetImport.map((o) => o.version)).toEqual([21n])
    expect(model.graph?.node.map((n) => [n.opType, n.input, n.output])).toEqual([['Add', ['x', 'w'], ['y']]])
    const weight = model.graph?.initializer[0]
    expect([weight?.name, weight?.dims, weight?.dataType]).toEqual(['w', [2n, 2n], 22])
    expect(weight?.rawData).toEqual(Uint8Array.of(0x21, 0xf8))
  })

  it('decodeModel() gives views of the bytes it read, not copies', () => {
    const bytes = encodeModel(smallModel())
    expect(decodeModel(bytes).graph?.initializer[0]?.rawData.buffer).toBe(bytes.buffer)
  })

  it('decodeModel() rejects a cut file', () => {
    const bytes = encodeModel(smallModel())
    const cut = bytes.subarray(0, bytes.byteLength - 3)
    expect(() => decodeModel(cut)).toThrow(FormatError)
    expect(() => decodeModel(cut)).toThrow(
      `Cannot read ONNX "model": expected a protobuf message, got ${cut.byteLength} bytes that are not: premature EOF`,
    )
  })

  it('decodeModel() rejects a message without a graph', () => {
    expect(() => decodeModel(new Uint8Array(0))).toThrow(
      'Cannot read ONNX "model": expected a message with a graph, got 0 bytes without one',
    )
  })

  it('decodeModel() stops at messages nested too deep', () => {
    const [modelGraph, graphNode, nodeAttribute, attributeGraph] = [0x3a, 0x0a, 0x2a, 0x32]
    let bytes: number[] = []
    for (let depth = 0; depth < 40; depth++) {
      for (const tag of [attributeGraph, nodeAttribute, graphNode])
        bytes = [tag, ...varint(bytes.length), ...bytes]
    }
    const nested = Uint8Array.from([modelGraph, ...varint(bytes.length), ...bytes])
    expect(() => decodeModel(nested)).toThrow('maximum recursion depth of 100 reached')
  })
})

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
