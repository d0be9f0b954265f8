import { create } from '@bufbuild/protobuf'
import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  encodeModel,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as OnnxType,
  OperatorSetIdProtoSchema,
  type TensorProto,
  ValueInfoProtoSchema,
} from '../../codec/onnx.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { halveModel } from './half-model.ts'

const tensor = (name: string, shape: readonly number[], values: readonly number[]): TensorProto =>
  tensorProto(name, 'float32', shape, fromValues('float32', shape, values).bytes)
const node = (opType: string, input: string[], output: string[], attribute: object[] = []) =>
  create(NodeProtoSchema, {
    opType,
    input,
    output,
    attribute: attribute.map((each) => create(AttributeProtoSchema, each)),
  })
const value = (name: string, shape: readonly number[], elemType: number = OnnxType.FLOAT) =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          shape: {
            dim: shape.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })),
          },
        },
      },
    },
  })
const graphAttribute = (name: string, g: GraphProto) => ({
  name,
  type: AttributeProto_AttributeType.GRAPH,
  g,
})

function modelOf(graph: Partial<Pick<GraphProto, 'node' | 'initializer' | 'input' | 'output'>>): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 9n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 20n })],
    graph: create(GraphProtoSchema, { name: 'g', ...graph }),
  })
}

async function run(model: ModelProto, feeds: Readonly<Record<string, ort.Tensor>>): Promise<number[][]> {
  const session = await ort.InferenceSession.create(encodeModel(model), { logSeverityLevel: 4 })
  const results = await session.run(feeds)
  await session.release()
  return session.outputNames.map((name) => Array.from(Object(results[name]?.data), Number))
}

const input = (values: readonly number[], dims: readonly number[]) =>
  new ort.Tensor('float32', Float32Array.from(values), dims)

describe('halveModel()', () => {
  it('computes in float16 between inputs and outputs of float32', async () => {
    const model = modelOf({
      input: [value('x', [2])],
      output: [value('sum', [2]), value('twice', [2])],
      initializer: [tensor('w', [2], [1, 2049])],
      node: [node('Add', ['x', 'w'], ['sum']), node('Add', ['sum', 'sum'], ['twice'])],
    })
    halveModel(model)
    // 2049 and 4098 lie between two numbers of float16: the results are those of even last bits.
    expect(await run(model, { x: input([0.5, 0], [2]) })).toEqual([
      [1.5, 2048],
      [3, 4096],
    ])
    expect(model.graph?.initializer.map(({ dataType }) => dataType)).toEqual([OnnxType.FLOAT16])
    expect(model.graph?.input.map(({ name }) => name)).toEqual(['x'])
  })

  it('keeps finite constants finite, and those that are not zero from becoming zero', async () => {
    const model = modelOf({
      input: [value('x', [4])],
      output: [value('y', [4])],
      initializer: [tensor('mask', [4], [-3.4e38, 1e-12, 0, Number.NEGATIVE_INFINITY])],
      node: [node('Add', ['x', 'mask'], ['y'])],
    })
    halveModel(model)
    expect(await run(model, { x: input([0, 0, 0, 0], [4]) })).toEqual([
      [-65_504, 2 ** -24, 0, Number.NEGATIVE_INFINITY],
    ])
  })

  it('leaves float32 what operators take as nothing else, beside a half for the others', async () => {
    const model = modelOf({
      input: [value('x', [1, 1, 1, 2])],
      output: [value('y', [1, 1, 1, 4]), value('z', [4])],
      initializer: [tensor('scales', [4], [1, 1, 1, 2])],
      node: [node('Resize', ['x', '', 'scales'], ['y']), node('Neg', ['scales'], ['z'])],
    })
    halveModel(model)
    expect(await run(model, { x: input([1, 2], [1, 1, 1, 2]) })).toEqual([
      [1, 1, 2, 2],
      [-1, -1, -1, -2],
    ])
  })

  it('turns constants, casts and the graphs inside of nodes, too', async () => {
    const branch = (name: string, factor: number) =>
      create(GraphProtoSchema, {
        name,
        initializer: [tensor(`${name}.factor`, [], [factor])],
        node: [node('Mul', ['x', `${name}.factor`], [`${name}.y`])],
        output: [value(`${name}.y`, [2])],
      })
    const model = modelOf({
      input: [value('x', [2]), value('which', [], OnnxType.BOOL), value('n', [2], OnnxType.INT64)],
      output: [value('y', [2])],
      node: [
        node(
          'If',
          ['which'],
          ['chosen'],
          [
            graphAttribute('then_branch', branch('then', 2)),
            graphAttribute('else_branch', branch('else', 3)),
          ],
        ),
        node(
          'Cast',
          ['n'],
          ['m'],
          [{ name: 'to', type: AttributeProto_AttributeType.INT, i: BigInt(OnnxType.FLOAT) }],
        ),
        node(
          'Constant',
          [],
          ['c'],
          [{ name: 'value_float', type: AttributeProto_AttributeType.FLOAT, f: 0.5 }],
        ),
        node('Add', ['chosen', 'm'], ['a']),
        node('Mul', ['a', 'c'], ['y']),
      ],
    })
    halveModel(model)
    const feeds = { x: input([1, 2], [2]), n: new ort.Tensor('int64', BigInt64Array.of(10n, 20n), [2]) }
    expect(await run(model, { ...feeds, which: new ort.Tensor('bool', [true], []) })).toEqual([[6, 12]])
    expect(await run(model, { ...feeds, which: new ort.Tensor('bool', [false], []) })).toEqual([[6.5, 13]])
  })

  it('refuses functions of a model', () => {
    const model = modelOf({})
    model.functions.push({ name: 'mine' } as never)
    expect(() => halveModel(model)).toThrow(
      'Cannot write a model in float16: expected operators of ONNX alone, got functions of its own',
    )
  })
})
