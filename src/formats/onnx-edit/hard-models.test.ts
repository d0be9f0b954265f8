import { InferenceSession } from 'onnxruntime-node'
import { afterAll, describe, expect, test } from 'vitest'
import { CONFIGS, type EditedOnnx, editOnnx, largestDifference } from '../../../test/edited-onnx.ts'
import { compareWithRuntime } from '../../../test/onnx-agreement.ts'
import { ints, node, noise, onnxBytes, tensor } from '../../../test/onnx-builder.ts'
import { type NodeProto, TensorProto_DataType as OnnxType } from '../../codec/onnx.ts'
import { closeEngine } from '../../engine/engine.ts'
import { loadOnnxModel } from '../onnx-reader/load-onnx-model.ts'
import { UnsupportedOpError } from '../unsupported-op-error.ts'

afterAll(() => closeEngine())

const ALL = Object.keys(CONFIGS) as (keyof typeof CONFIGS)[]

/** A convolution of what is resized to half of sizes that the file leaves open. */
function halved(half: readonly NodeProto[]): Uint8Array {
  return onnxBytes({
    inputs: [['x', 'float32', ['batch', 3, 'height', 'width']]],
    outputs: ['y'],
    nodes: [
      node('Shape', ['x'], ['shape']),
      node('Slice', ['shape', 'two', 'four', 'zero'], ['size']),
      ...half,
      node('Slice', ['shape', 'zero', 'two', 'zero'], ['front']),
      node('Concat', ['front', 'halves'], ['sizes'], { axis: 0 }),
      node('Resize', ['x', '', '', 'sizes'], ['small'], RESIZE),
      node('Conv', ['small', 'w'], ['c'], { pads: [1, 1, 1, 1] }),
      node('Shape', ['c'], ['after']),
      node('Gather', ['after', 'zero'], ['batch']),
      node('Concat', ['batch', 'rest'], ['flat'], { axis: 0 }),
      node('Reshape', ['c', 'flat'], ['y']),
    ],
    tensors: [
      ...[ints('zero', [0]), ints('two', [2]), ints('four', [4]), ints('rest', [16, -1])],
      ...[tensor('half', [], [0.5]), noise('w', [16, 3, 3, 3])],
    ],
  })
}

const RESIZE = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
const inIntegers = [node('Div', ['size', 'two'], ['halves'])]
const inFloats = [
  node('Cast', ['size'], ['floats'], { to: OnnxType.FLOAT }),
  node('Mul', ['floats', 'half'], ['products']),
  node('Floor', ['products'], ['floored']),
  node('Cast', ['floored'], ['halves'], { to: OnnxType.INT64 }),
]

const operators = ({ model }: EditedOnnx) => model.graph?.node.map(({ opType }) => opType) ?? []
const tensorNamed = ({ model }: EditedOnnx, name: string) =>
  model.graph?.initializer.find((each) => each.name === name)

describe('models that break others', () => {
  test('loadOnnxModel() follows sizes that ONNX Runtime gives up on', async () => {
    const bytes = halved(inIntegers)
    const session = await InferenceSession.create(bytes)
    const [output] = session.outputMetadata
    expect(output?.isTensor === true && output.shape.map(String)).toEqual(['', '', ''])
    for (const feed of [
      [2, 3, 8, 6],
      [1, 3, 7, 11],
    ])
      expect((await compareWithRuntime(bytes, [feed])).difference).toBeLessThan(1e-5)
    const edited = await editOnnx(bytes, [[2, 3, 8, 6]], { config: 'w8a8' })
    expect(operators(edited)).toContain('QuantizeLinear')
    expect(largestDifference(edited)).toBeLessThan(1e-5)
  })

  test('loadOnnxModel() says which sizes need a number where one is computed in floats, and takes it', async () => {
    const bytes = halved(inFloats)
    await expect(loadOnnxModel(bytes)).rejects.toThrow(
      new UnsupportedOpError(
        'bytes',
        new Map([['Resize', 1]]),
        'the size of its result is not known while "batch", "height", "width" may vary: { sizes } takes numbers for them',
      ),
    )
    const sizes = { height: 7, width: 11 }
    expect((await compareWithRuntime(bytes, [[2, 3, 7, 11]], { sizes })).difference).toBeLessThan(1e-5)
  })

  test.each(ALL)('onnxModel() quantizes a table that Gather reads, as embeddings: %s', async (config) => {
    const file = onnxBytes({
      inputs: [['ids', 'int64', [1, 4]]],
      outputs: ['y'],
      nodes: [node('Gather', ['table', 'ids'], ['e']), node('Relu', ['e'], ['y'])],
      tensors: [noise('table', [64, 32])],
    })
    const edited = await editOnnx(file, [{ shape: [1, 4], ints: [3, 63, 0, 17] }], { config })
    expect(tensorNamed(edited, 'table')).toBe(undefined)
    expect(tensorNamed(edited, 'table_quantized')).toBeDefined()
    expect(largestDifference(edited)).toBeLessThan(1e-6)
  })

  test.each(ALL)(
    'onnxModel() quantizes weights that are held in Constant nodes, also behind a Transpose: %s',
    async (config) => {
      const value = { tensor: noise('w', [48, 32]) }
      const file = onnxBytes({
        inputs: [['x', 'float32', [4, 32]]],
        outputs: ['y'],
        nodes: [
          node('Constant', [], ['w'], { value }),
          node('Transpose', ['w'], ['turned'], { perm: [1, 0] }),
          node('MatMul', ['x', 'turned'], ['y']),
        ],
      })
      const edited = await editOnnx(file, [[4, 32]], { config })
      expect(operators(edited)).toContain('DequantizeLinear')
      expect(
        edited.model.graph?.initializer.some(
          ({ dataType, dims }) => dataType === OnnxType.FLOAT && dims.length === 2 && dims[1] === 48n,
        ),
      ).toBe(false)
      expect(largestDifference(edited)).toBeLessThan(1e-5)
    },
  )

  test.each(ALL)(
    'onnxModel() leaves the gates of an LSTM as they are, and quantizes what lies around: %s',
    async (config) => {
      const tensors = [noise('w', [1, 64, 32], 3), noise('r', [1, 64, 16], 3), noise('b', [1, 128])]
      const file = onnxBytes({
        inputs: [['x', 'float32', [3, 2, 32]]],
        outputs: ['z'],
        nodes: [
          node('LSTM', ['x', 'w', 'r', 'b'], ['s'], { hidden_size: 16 }, { name: '/rnn/LSTM' }),
          node('Squeeze', ['s', 'one'], ['y']),
          node('MatMul', ['y', 'head'], ['z']),
        ],
        tensors: [...tensors, ints('one', [1]), noise('head', [16, 32])],
      })
      const edited = await editOnnx(file, [[3, 2, 32]], { config })
      for (const { name, rawData } of tensors) expect(tensorNamed(edited, name)?.rawData).toEqual(rawData)
      expect(tensorNamed(edited, 'head')).toBe(undefined)
      expect(largestDifference(edited)).toBeLessThan(1e-5)
    },
  )
})
