import { afterAll, describe, expect, test } from 'vitest'
import { editOnnx, largestDifference } from '../../../../test/edited-onnx.ts'
import { compareWithRuntime } from '../../../../test/onnx-agreement.ts'
import { node, noise, onnxBytes, type TestModel, tensor } from '../../../../test/onnx-builder.ts'
import { closeEngine } from '../../../engine/engine.ts'

afterAll(() => closeEngine())

const number = (name: string, value: number) => tensor(name, [], [value])

const rows: readonly (readonly [title: string, becomes: string, Pick<TestModel, 'nodes' | 'tensors'>])[] = [
  [
    'GELU',
    'gelu',
    {
      nodes: [
        ...[node('Div', ['x', 'r'], ['a']), node('Erf', ['a'], ['b']), node('Add', ['b', 'o'], ['c'])],
        ...[node('Mul', ['x', 'c'], ['d']), node('Mul', ['d', 'h'], ['y'])],
      ],
      tensors: [number('r', Math.SQRT2), number('o', 1), number('h', 0.5)],
    },
  ],
  [
    'GELU by a tangent',
    'gelu',
    {
      nodes: [
        ...[node('Pow', ['x', 't'], ['a']), node('Mul', ['a', 'k'], ['b']), node('Add', ['x', 'b'], ['c'])],
        ...[node('Mul', ['c', 'q'], ['d']), node('Tanh', ['d'], ['e']), node('Add', ['e', 'o'], ['f'])],
        ...[node('Mul', ['f', 'h'], ['g']), node('Mul', ['x', 'g'], ['y'])],
      ],
      tensors: [
        number('t', 3),
        number('k', 0.044715),
        number('q', Math.sqrt(2 / Math.PI)),
        number('o', 1),
        number('h', 0.5),
      ],
    },
  ],
  [
    'GELU by a tangent of products',
    'gelu',
    {
      nodes: [
        ...[node('Mul', ['x', 'x'], ['a']), node('Mul', ['a', 'k'], ['b']), node('Add', ['b', 'o'], ['c'])],
        ...[node('Mul', ['x', 'q'], ['p']), node('Mul', ['p', 'c'], ['d']), node('Tanh', ['d'], ['e'])],
        ...[node('Add', ['e', 'o'], ['f']), node('Mul', ['x', 'h'], ['g']), node('Mul', ['g', 'f'], ['y'])],
      ],
      tensors: [number('k', 0.044715), number('q', Math.sqrt(2 / Math.PI)), number('o', 1), number('h', 0.5)],
    },
  ],
  [
    'hardswish by a HardSigmoid',
    'hardswish',
    {
      nodes: [
        node('HardSigmoid', ['x'], ['g'], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
        node('Mul', ['x', 'g'], ['y']),
      ],
      tensors: [],
    },
  ],
  [
    'hardswish by a ReLU6',
    'hardswish',
    {
      nodes: [
        ...[node('Add', ['x', 'three'], ['a']), node('Clip', ['a', 'zero', 'six'], ['b'])],
        ...[node('Mul', ['x', 'b'], ['c']), node('Div', ['c', 'six'], ['y'])],
      ],
      tensors: [number('three', 3), number('zero', 0), number('six', 6)],
    },
  ],
  [
    'hardsigmoid, and hardswish that is divided first',
    'hardswish',
    {
      nodes: [
        ...[node('Add', ['x', 'three'], ['a']), node('Clip', ['a', 'zero', 'six'], ['b'])],
        ...[node('Div', ['b', 'six'], ['c']), node('Mul', ['c', 'x'], ['y'])],
      ],
      tensors: [number('three', 3), number('zero', 0), number('six', 6)],
    },
  ],
  ['SiLU', 'silu', { nodes: [node('Sigmoid', ['x'], ['g']), node('Mul', ['x', 'g'], ['y'])], tensors: [] }],
  [
    'Mish',
    'mish',
    {
      nodes: [node('Softplus', ['x'], ['s']), node('Tanh', ['s'], ['t']), node('Mul', ['t', 'x'], ['y'])],
      tensors: [],
    },
  ],
  [
    'attention with a mask',
    'permute aten.scaled_dot_product_attention',
    {
      nodes: [
        ...[node('Transpose', ['x'], ['k'], { perm: [0, 2, 1] }), node('MatMul', ['x', 'k'], ['s'])],
        ...[node('Mul', ['s', 'scale'], ['a']), node('Add', ['a', 'mask'], ['b'])],
        ...[node('Softmax', ['b'], ['p'], { axis: -1 }), node('MatMul', ['p', 'v'], ['y'])],
        node('Transpose', ['w'], ['v'], { perm: [0, 2, 1] }),
      ],
      tensors: [number('scale', 0.3), noise('mask', [1, 5, 5], 3), noise('w', [1, 7, 5])],
    },
  ],
  [
    'a layer norm',
    'layer_norm',
    {
      nodes: [
        ...[node('ReduceMean', ['x'], ['m'], { axes: [-1] }), node('Sub', ['x', 'm'], ['d'])],
        ...[node('Pow', ['d', 't'], ['p']), node('ReduceMean', ['p'], ['v'], { axes: [-1] })],
        ...[node('Add', ['v', 'e'], ['f']), node('Sqrt', ['f'], ['s']), node('Div', ['d', 's'], ['q'])],
        ...[node('Mul', ['q', 'w'], ['g']), node('Add', ['g', 'b'], ['y'])],
      ],
      tensors: [number('t', 2), number('e', 1e-5), noise('w', [6]), noise('b', [6])],
    },
  ],
  [
    'an RMS norm',
    'rms_norm',
    {
      nodes: [
        ...[node('Pow', ['x', 't'], ['p']), node('ReduceMean', ['p'], ['v'], { axes: [-1] })],
        ...[node('Add', ['v', 'e'], ['f']), node('Sqrt', ['f'], ['s']), node('Reciprocal', ['s'], ['i'])],
        ...[node('Mul', ['x', 'i'], ['q']), node('Mul', ['w', 'q'], ['y'])],
      ],
      tensors: [number('t', 2), number('e', 1e-6), noise('w', [6])],
    },
  ],
]

describe('recognise()', () => {
  test.each(rows)('finds %s', async (_, becomes, parts) => {
    const bytes = onnxBytes({ ...parts, inputs: [['x', 'float32', ['n', 5, 6]]], outputs: ['y'] })
    const { difference, module } = await compareWithRuntime(bytes, [[2, 5, 6]])
    expect(module.graph.nodes.map(({ op }) => op.name)).toEqual(`aten.${becomes}`.split(' '))
    expect(difference).toBeLessThan(1e-5)
  })

  test.each([
    ['a smallest float', -3.4028234663852886e38],
    ['an infinity', Number.NEGATIVE_INFINITY],
  ])('leaves a mask of %s, and the sum that adds it, float', async (_, low) => {
    const bytes = onnxBytes({
      inputs: [
        ['x', 'float32', [2, 5, 5]],
        ['seen', 'bool', [2, 1, 5]],
      ],
      outputs: ['y'],
      nodes: [
        ...[node('MatMul', ['x', 'w'], ['s']), node('Where', ['seen', 'zero', 'low'], ['hidden'])],
        ...[node('Mul', ['hidden', 'one'], ['mask']), node('Add', ['s', 'mask'], ['m'])],
        ...[node('Softmax', ['m'], ['p'], { axis: -1 }), node('Add', ['p', 'x'], ['y'])],
      ],
      tensors: [noise('w', [5, 5]), number('zero', 0), number('low', low), tensor('one', [1, 1, 1], [1])],
    })
    const seen = { shape: [2, 1, 5], ints: [1, 1, 0, 1, 0, 1, 1, 1, 1, 0], dtype: 'bool' as const }
    const edited = await editOnnx(bytes, [[2, 5, 5], seen], { config: 'w8a8' })
    const names = edited.model.graph?.node.filter(({ opType }) => opType === 'QuantizeLinear') ?? []
    expect(names.map(({ input }) => input[0]).toSorted()).toEqual(['p', 's', 'x', 'y_float'])
    expect(largestDifference(edited)).toBe(0)
  })
})
