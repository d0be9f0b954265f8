import { afterAll, describe, expect, test } from 'vitest'
import { compareWithRuntime } from '../../../../test/onnx-agreement.ts'
import { ints, node, onnxBytes, tensor } from '../../../../test/onnx-builder.ts'
import { onnxRows, rowBytes, X } from '../../../../test/onnx-rows.ts'
import { closeEngine } from '../../../engine/engine.ts'
import { onnxModel } from '../../onnx/onnx-model.ts'

afterAll(() => closeEngine())

describe('importers', () => {
  test.each(onnxRows)('take $title as ONNX Runtime does', async (row) => {
    const { x = X, feeds = [], becomes } = row
    const { difference, module } = await compareWithRuntime(rowBytes(row), [x, ...feeds])
    expect(difference).toBeLessThan(1e-5)
    const names = module.graph.nodes.map(({ op }) => op.name.replace('aten.', ''))
    if (becomes !== undefined) expect(names.join(' ')).toBe(becomes)
  })

  test('take sizes that the file leaves open', async () => {
    const bytes = onnxBytes({
      inputs: [['x', 'float32', ['batch', 3, 'height', 'width']]],
      outputs: ['y'],
      nodes: [
        node('MaxPool', ['x'], ['h'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('Resize', ['h', '', 's'], ['r'], { mode: 'nearest' }),
        node('Add', ['x', 'r'], ['y']),
      ],
      tensors: [tensor('s', [4], [1, 1, 2, 2])],
    })
    const { difference, module } = await compareWithRuntime(bytes, [[2, 3, 6, 10]])
    expect(difference).toBe(0)
    expect(module.graph.inputs[0]?.value.shape.join()).toBe('batch,3,2*height,2*width')
  })

  test('take sizes of which the file has only multiples', async () => {
    const bytes = onnxBytes({
      inputs: [['x', 'float32', ['batch', 3, 'height', 'width']]],
      outputs: ['y'],
      nodes: [
        node('MaxPool', ['x'], ['h'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('Resize', ['h', '', 's'], ['r'], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
        node('Add', ['x', 'r'], ['y']),
      ],
      tensors: [tensor('s', [4], [1, 1, 2, 2])],
    })
    const { module } = await compareWithRuntime(bytes, [[2, 3, 6, 10]])
    const written = await onnxModel(module, { inputNames: ['x'], outputNames: ['other'] })
    expect(written.graph?.output.map(({ name }) => name)).toEqual(['other'])
    expect(module.graph.nodes.map(({ op }) => op.name)).toContain('aten.upsample_nearest2d')
  })

  test.each([7, 9, 10, 11, 12])(
    'take a model of opset %i, whose arguments were attributes',
    async (opset) => {
      const isOld = opset < 10
      const bytes = onnxBytes({
        opset,
        inputs: [['x', 'float32', [2, 3, 8, 8]]],
        outputs: ['y'],
        nodes: [
          isOld
            ? node('Slice', ['x'], ['a'], { starts: [1], ends: [7], axes: [2] })
            : node('Slice', ['x', 's', 'e', 'ax'], ['a']),
          opset < 11
            ? node('Clip', ['a'], ['b'], { min: { float: -0.5 }, max: { float: 0.75 } })
            : node('Clip', ['a', 'lo', 'hi'], ['b']),
          opset < 11
            ? node('Pad', ['b'], ['c'], { pads: [0, 0, 1, 0, 0, 0, 0, 0] })
            : node('Pad', ['b', 'p'], ['c']),
          node('Unsqueeze', ['c'], ['d'], { axes: [0] }),
          node('Squeeze', ['d'], ['f'], { axes: [0] }),
          node('Split', ['f'], ['g', 'h'], { axis: 3, split: [4, 4] }),
          node('ReduceMean', ['g'], ['i'], { axes: [1] }),
          node('ReduceSum', ['h'], ['j'], { axes: [1] }),
          node('Add', ['i', 'j'], ['y']),
        ],
        tensors: isOld
          ? []
          : [
              ...[ints('s', [1]), ints('e', [7]), ints('ax', [2]), ints('p', [0, 0, 1, 0, 0, 0, 0, 0])],
              ...[tensor('lo', [], [-0.5]), tensor('hi', [], [0.75])],
            ],
      })
      expect((await compareWithRuntime(bytes, [[2, 3, 8, 8]])).difference).toBeLessThan(1e-5)
    },
  )
})
