import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { appendInitializers } from './append-initializers.ts'
import { decodeModel, encodeModel, ModelProtoSchema, TensorProtoSchema } from './onnx.ts'

describe('appendInitializers()', () => {
  test('appendInitializers() gives a model that has them after its own', () => {
    const tensor = (name: string, size: number) =>
      create(TensorProtoSchema, {
        name,
        dataType: 2,
        dims: [BigInt(size)],
        rawData: new Uint8Array(size).fill(7),
      })
    const model = create(ModelProtoSchema, { graph: { name: 'graph', initializer: [tensor('a', 1)] } })
    const added = [tensor('b', 300), tensor('empty', 0)]
    const read = decodeModel(appendInitializers([encodeModel(model)], added))
    expect(read.graph?.name).toBe('graph')
    expect(read.graph?.initializer.map(({ name }) => name)).toEqual(['a', 'b', 'empty'])
    expect(read.graph?.initializer[1]).toEqual(added[0])
  })

  test('appendInitializers() leaves a model alone when there are none', () => {
    const bytes = encodeModel(create(ModelProtoSchema, { graph: { name: 'graph' } }))
    expect(appendInitializers([bytes], [])).toBe(bytes)
  })

  test('appendInitializers() merges the parts of a model in their order', () => {
    const part = (opType: string) => encodeModel(create(ModelProtoSchema, { graph: { node: [{ opType }] } }))
    const read = decodeModel(appendInitializers([part('First'), part('Second')], []))
    expect(read.graph?.node.map(({ opType }) => opType)).toEqual(['First', 'Second'])
  })
})
