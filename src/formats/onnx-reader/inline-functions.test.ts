import { create } from '@bufbuild/protobuf'
import { afterAll, describe, expect, test } from 'vitest'
import { compareWithRuntime } from '../../../test/onnx-agreement.ts'
import { node, noise, onnxBytes, type TestModel } from '../../../test/onnx-builder.ts'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  decodeModel,
  encodeModel,
  type FunctionProto,
  FunctionProtoSchema,
  type NodeProto,
} from '../../codec/onnx.ts'
import { closeEngine } from '../../engine/engine.ts'
import { loadOnnxModel } from './load-onnx-model.ts'

afterAll(() => closeEngine())

const local = { domain: 'local' }
const imports = [
  { domain: '', version: 17n },
  { domain: 'local', version: 1n },
]

/** A node one of whose attributes is that of the function that it is in. */
function referring(each: NodeProto, name: string, refAttrName: string): NodeProto {
  each.attribute.push(create(AttributeProtoSchema, { name, refAttrName, type: AttributeType.FLOAT }))
  return each
}

function fn(
  name: string,
  input: string[],
  output: string[],
  nodes: NodeProto[],
  more: object = {},
): FunctionProto {
  return create(FunctionProtoSchema, {
    name,
    domain: 'local',
    input,
    output,
    node: nodes,
    opsetImport: imports,
    ...more,
  })
}

const layer = fn(
  'Layer',
  ['x', 'w', 'unused'],
  ['y'],
  [
    node('MatMul', ['x', 'w'], ['h'], {}, { name: 'linear/MatMul' }),
    referring(node('LeakyRelu', ['h'], ['r']), 'alpha', 'slope'),
    referring(node('Elu', ['r'], ['y']), 'alpha', 'missing'),
  ],
  { attribute: ['missing'], attributeProto: node('', [], [], { slope: { float: 0.25 } }).attribute },
)
const block = fn(
  'Block',
  ['x', 'w'],
  ['z'],
  [node('Layer', ['x', 'w'], ['h'], {}, local), node('Add', ['h', 'x'], ['z'])],
)

function bytesOf(nodes: NodeProto[], functions: FunctionProto[]): Uint8Array {
  const parts: TestModel = {
    inputs: [['x', 'float32', [2, 8]]],
    outputs: ['y'],
    nodes,
    tensors: [noise('w', [8, 8])],
  }
  const model = decodeModel(onnxBytes(parts))
  model.opsetImport = [
    ...model.opsetImport.filter(({ domain }) => domain === ''),
    ...layer.opsetImport.slice(1),
  ]
  model.functions = functions
  return encodeModel(model)
}

describe('inlineFunctions()', () => {
  test('inlineFunctions() puts nodes in the place of calls, with attributes that are given or not, and functions within functions', async () => {
    const nodes = [
      node('Block', ['x', 'w'], ['a'], {}, { ...local, name: '/first/Block' }),
      node('Layer', ['a', 'w'], ['y'], { slope: { float: 0.5 } }, { ...local, name: '/second/Layer' }),
    ]
    const { difference, module } = await compareWithRuntime(bytesOf(nodes, [layer, block]), [[2, 8]])
    expect(difference).toBeLessThan(1e-6)
    expect(module.graph.nodes.map(({ op }) => op.name.replace('aten.', '')).join(' ')).toBe(
      'linear leaky_relu elu add linear leaky_relu elu',
    )
    expect(module.graph.nodes[0]?.scope?.path).toBe('first.Block.Layer.linear')
  })

  test('inlineFunctions() copies results of a function that are its inputs, or another of its results', async () => {
    const both = fn('Both', ['x'], ['x', 'r', 'r'], [node('Relu', ['x'], ['r'])])
    const nodes = [
      node('Both', ['x'], ['a', 'b', 'c'], {}, local),
      node('Add', ['a', 'b'], ['d']),
      node('MatMul', ['d', 'w'], ['e']),
      node('Sub', ['e', 'c'], ['y']),
    ]
    const { graph } = await loadOnnxModel(bytesOf(nodes, [both]))
    expect(graph.nodes.map(({ op }) => op.name)).toEqual(['aten.relu', 'aten.add', 'aten.linear', 'aten.sub'])
    const [relu, add, , sub] = graph.nodes
    expect(add?.inputs).toEqual([graph.inputs[0]?.value, relu?.outputs[0]])
    expect(sub?.inputs[1]).toBe(relu?.outputs[0])
  })

  test.each([
    [
      'calls itself',
      [fn('Layer', ['x', 'w'], ['y'], [node('Layer', ['x', 'w'], ['y'], {}, local)])],
      'functions that call each other at most 64 deep, got a call of itself or more',
    ],
    [
      'becomes more nodes than there is room for',
      Array.from({ length: 40 }, (_, i) =>
        fn(
          i === 0 ? 'Layer' : `f${i}`,
          ['x', 'w'],
          ['y'],
          [node(`f${i + 1}`, ['x', 'w'], ['a'], {}, local), node(`f${i + 1}`, ['a', 'w'], ['y'], {}, local)],
        ),
      ),
      'functions that become at most 50000 nodes, got more',
    ],
    [
      'is of another opset',
      [fn('Layer', ['x', 'w'], ['y'], [], { opsetImport: [{ domain: '', version: 11n }] })],
      'a function of the model\'s version 17 of the operators "", got 11',
    ],
  ])('inlineFunctions() refuses a function that %s', async (_, functions, message) => {
    const call = node('Layer', ['x', 'w'], ['y'], {}, local)
    await expect(loadOnnxModel(bytesOf([call], functions))).rejects.toThrow(message)
  })
})
