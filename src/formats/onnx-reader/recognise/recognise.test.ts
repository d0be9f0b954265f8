import { afterAll, describe, expect, test } from 'vitest'
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
    expect(module.graph.nodes.map(({ op }) => op.name)).toEqual([`aten.${becomes}`])
    expect(difference).toBeLessThan(1e-5)
  })
})
