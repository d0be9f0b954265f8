import { afterAll, describe, expect, test } from 'vitest'
import { type EditedOnnx, editOnnx, largestDifference } from '../../../test/edited-onnx.ts'
import { graph, node, noise, onnxBytes, type TestModel, tensor } from '../../../test/onnx-builder.ts'
import { decodeModel, encodeModel, type NodeProto } from '../../codec/onnx.ts'
import { closeEngine } from '../../engine/engine.ts'
import { fromHost } from '../../engine/tensor.ts'
import { getMember } from '../../nn/container.ts'
import { Parameter } from '../../nn/parameter.ts'
import { ExportError } from '../../quantization/export-error.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { externalizeData } from '../onnx/external-data.ts'
import { onnxModel } from '../onnx/onnx-model.ts'
import { halveModel } from '../onnx-half/half-model.ts'
import { loadOnnxModel } from '../onnx-reader/load-onnx-model.ts'

afterAll(() => closeEngine())

/** Two layers with names, of which the second has its weight as a Constant. */
const layers: Omit<TestModel, 'opset'> = {
  inputs: [['ids', 'float32', ['batch', 32]]],
  outputs: [['probs', 'float32', ['batch', 16]]],
  nodes: [
    node('MatMul', ['ids', 'first.w'], ['/first/MatMul_out'], {}, { name: '/first/MatMul' }),
    node('Add', ['first.b', '/first/MatMul_out'], ['/first/Add_out'], {}, { name: '/first/Add' }),
    node('Relu', ['/first/Add_out'], ['/act_out'], {}, { name: '/act/Relu' }),
    node('Constant', [], ['second_w'], { value: { tensor: noise('second', [16, 32]) } }, { name: '/const' }),
    node('Gemm', ['/act_out', 'second_w'], ['logits'], { transB: 1 }, { name: '/second/Gemm' }),
    node('Softmax', ['logits'], ['probs'], { axis: 1 }, { name: '/Softmax' }),
  ],
  tensors: [noise('first.w', [32, 32]), noise('first.b', [32])],
}

const named = ({ model }: EditedOnnx, name: string): NodeProto | undefined =>
  model.graph?.node.find((each) => each.name === name)
const operators = ({ model }: EditedOnnx) => model.graph?.node.map(({ opType }) => opType).join(' ')
const tensorsOf = ({ model }: EditedOnnx) => model.graph?.initializer.map(({ name }) => name)
const opsetOf = ({ model }: EditedOnnx) => Number(model.opsetImport[0]?.version)

describe('onnxModel() of a model that was read from a file', () => {
  test('gives the file where nothing was changed', async () => {
    const bytes = onnxBytes({ ...layers, opset: 11 })
    const module = await loadOnnxModel(bytes)
    const first = await onnxModel(module)
    expect(first).toEqual(decodeModel(bytes))
    // What is done to a model that was made changes neither the loaded one nor what is made next.
    externalizeData(first, 'data')
    halveModel(await onnxModel(module))
    expect(await onnxModel(module)).toEqual(decodeModel(bytes))
  })

  test('keeps names, nodes and metadata, and lets quantized weights take the names of the float ones', async () => {
    const file = decodeModel(onnxBytes(layers))
    Object.assign(file, { docString: 'mine', producerName: 'exporter', modelVersion: 7n })
    const edited = await editOnnx(encodeModel(file), [[3, 32]], { config: 'w8' })
    expect(edited.model).toMatchObject({ docString: 'mine', producerName: 'exporter', modelVersion: 7n })
    expect(edited.model.metadataProps.map(({ key }) => key)).toEqual(['lowbit.version', 'lowbit.recipe'])
    expect(edited.model.graph?.input).toEqual(file.graph?.input)
    expect(edited.model.graph?.output).toEqual(file.graph?.output)
    const kept = file.graph?.node.filter(({ opType }) => opType !== 'Constant') ?? []
    for (const each of kept) expect(named(edited, each.name)).toEqual(each)
    expect(operators(edited)).toBe('DequantizeLinear DequantizeLinear MatMul Add Relu Gemm Softmax')
    expect(tensorsOf(edited)).toEqual([
      'first.b',
      ...['second_w_quantized', 'second_w_scale', 'second_w_zero_point'],
      ...['first.w_quantized', 'first.w_scale', 'first.w_zero_point'],
    ])
    expect(largestDifference(edited)).toBeLessThan(1e-6)
  })

  test('puts quantizers between the nodes of the file', async () => {
    const edited = await editOnnx(onnxBytes(layers), [[3, 32]], { config: 'w8a8' })
    expect(named(edited, '/first/MatMul')?.input).toEqual(['ids_dequantized', 'first.w'])
    expect(named(edited, '/second/Gemm')?.output).toEqual(['logits'])
    expect(named(edited, '/Softmax')?.input).toEqual(['logits_dequantized'])
    expect(opsetOf(edited)).toBe(17)
    expect(largestDifference(edited)).toBeLessThan(1e-6)
  })

  test.each([
    ['w8', 13],
    ['w4', 21],
  ] as const)(
    'upgrades a whole model of opset 9 where quantization to %s needs it',
    async (config, opset) => {
      const edited = await editOnnx(
        onnxBytes({
          opset: 9,
          inputs: [['x', 'float32', [2, 4, 32]]],
          outputs: ['y', 'z'],
          nodes: [
            node('MatMul', ['x', 'w'], ['h']),
            node('Softmax', ['h'], ['y'], { axis: 1 }),
            node('Unsqueeze', ['y'], ['h4'], { axes: [0] }),
            node('Upsample', ['h4', 'scales'], ['u'], { mode: 'nearest' }),
            node('Slice', ['u'], ['c'], { starts: [0], ends: [3], axes: [3] }),
            node('Squeeze', ['c'], ['d'], { axes: [0] }),
            node('ReduceSum', ['d'], ['s'], { axes: [2], keepdims: 0 }),
            node('Clip', ['s'], ['t'], { min: { float: -1 }, max: { float: 0.01 } }),
            node('ReduceMean', ['t'], ['z'], { axes: [1] }),
          ],
          tensors: [noise('w', [32, 24]), tensor('scales', [4], [1, 1, 2, 2])],
        }),
        [[2, 4, 32]],
        { config },
      )
      expect(opsetOf(edited)).toBe(opset)
      expect(largestDifference(edited)).toBeLessThan(1e-6)
    },
  )

  test('refuses an opset that is older than what the file has', async () => {
    const module = await loadOnnxModel(onnxBytes(layers))
    await expect(onnxModel(module, { opset: 15 })).rejects.toThrow(
      new ExportError(
        'Cannot write a model as ONNX of opset 15: expected what it has, got the model as it was read (17)\n' +
          'Hint: ask for opset 17, or for none',
        [],
      ),
    )
    expect((await onnxModel(module, { opset: 19 })).opsetImport[0]?.version).toBe(19n)
  })

  test('refuses to bring a GroupNormalization of groups to an opset that has none', async () => {
    const bytes = onnxBytes({
      opset: 18,
      inputs: [['x', 'float32', [2, 6, 32]]],
      outputs: ['y'],
      nodes: [
        node('GroupNormalization', ['x', 's', 'b'], ['n'], { num_groups: 3 }),
        node('MatMul', ['n', 'w'], ['y']),
      ],
      tensors: [noise('s', [3]), noise('b', [3]), noise('w', [32, 32])],
    })
    expect(largestDifference(await editOnnx(bytes, [[2, 6, 32]], { config: 'w8' }))).toBeLessThan(1e-5)
    await expect(editOnnx(bytes, [[2, 6, 32]], { config: 'w4' })).rejects.toThrow(
      new ExportError(
        'Cannot write a model as ONNX of opset 21: expected operators that can be brought there, got GroupNormalization of opset 18\n' +
          'Hint: quantize without blocks and four bits, so that opset 18 will do, or name the inputs anew, which makes a new model',
        [],
      ),
    )
  })

  test('makes a new model where inputs or outputs are to have other names', async () => {
    const module = await loadOnnxModel(onnxBytes(layers))
    const { graph: made } = await onnxModel(module, { inputNames: ['tokens'] })
    expect(made?.input.map(({ name }) => name)).toEqual(['tokens'])
  })

  test.each(['w8', 'w4', 'w8a8'] as const)(
    'stores a weight once that two operations share: %s',
    async (config) => {
      const edited = await editOnnx(
        onnxBytes({
          inputs: [['ids', 'int64', [1, 4]]],
          outputs: ['y', 'z'],
          nodes: [
            node('Gather', ['table', 'ids'], ['e'], {}, { name: '/embed/Gather' }),
            node('Transpose', ['table'], ['turned'], { perm: [1, 0] }),
            node('MatMul', ['e', 'turned'], ['y'], {}, { name: '/head/MatMul' }),
            node('MatMul', ['y', 'table'], ['z'], {}, { name: '/back/MatMul' }),
          ],
          tensors: [noise('table', [64, 32])],
        }),
        [{ shape: [1, 4], ints: [3, 63, 0, 17] }],
        { config },
      )
      const stored = edited.model.graph?.initializer.filter(({ dims }) => dims.join() === '64,32')
      expect(stored?.map(({ name }) => name)).toEqual(['table_quantized'])
      expect(largestDifference(edited)).toBeLessThan(1e-5)
    },
  )

  test('writes a convolution with the batch norm that was folded into it anew, and nothing else', async () => {
    const file = onnxBytes({
      inputs: [['x', 'float32', [1, 3, 8, 8]]],
      outputs: ['y'],
      nodes: [
        node('Conv', ['x', 'w'], ['c'], { pads: [1, 1, 1, 1] }, { name: 'conv' }),
        node('BatchNormalization', ['c', 'g', 'b', 'm', 'v'], ['n'], {}, { name: 'norm' }),
        node('Relu', ['n'], ['r'], {}, { name: 'act' }),
        node('Conv', ['r', 'w2', 'b2'], ['y'], {}, { name: 'last' }),
      ],
      tensors: [
        ...[noise('w', [4, 3, 3, 3]), noise('g', [4]), noise('b', [4]), noise('m', [4])],
        ...[tensor('v', [4], [1, 2, 3, 4]), noise('w2', [2, 4, 1, 1]), noise('b2', [2])],
      ],
    })
    const edited = await editOnnx(file, [[1, 3, 8, 8]], { config: 'w8' })
    expect(operators(edited)).toBe('DequantizeLinear DequantizeLinear Conv Relu Conv')
    for (const name of ['act', 'last'])
      expect(named(edited, name)).toEqual(decodeModel(file).graph?.node.find((each) => each.name === name))
    expect(largestDifference(edited)).toBeLessThan(1e-5)
  })

  test('writes tensors that training changed, under their names', async () => {
    const edited = await editOnnx(onnxBytes(layers), [[3, 32]], {
      config: 'w8',
      change: async (prepared) => {
        const bias = getMember(prepared, 'first.bias')
        expect(bias).toBeInstanceOf(Parameter)
        if (bias instanceof Parameter)
          bias.assign(fromHost(fromValues('float32', [32], new Array<number>(32).fill(0.25))))
      },
    })
    expect(tensorsOf(edited)).toContain('first.b')
    expect(largestDifference(edited)).toBeLessThan(1e-6)
  })

  test('gives the name of a quantized result to what is quantized', async () => {
    const edited = await editOnnx(
      onnxBytes({
        inputs: [['x', 'float32', [2, 32]]],
        outputs: ['y', 'again'],
        nodes: [node('Gemm', ['x', 'w'], ['y'], { transB: 1 }), node('Identity', ['y'], ['again'])],
        tensors: [noise('w', [16, 32])],
      }),
      [[2, 32]],
      { config: 'w8a8' },
    )
    expect(edited.model.graph?.output.map(({ name }) => name)).toEqual(['y', 'again'])
    expect(operators(edited)?.match(/QuantizeLinear DequantizeLinear/g)).toHaveLength(2)
    expect(largestDifference(edited)).toBe(0)
  })

  test('lets graphs inside nodes read what is quantized', async () => {
    const branch = (name: string, opType: string) =>
      graph({ inputs: [], outputs: [name], nodes: [node(opType, ['h'], [name])] })
    const edited = await editOnnx(
      onnxBytes({
        inputs: [
          ['x', 'float32', [2, 32]],
          ['flag', 'bool', []],
        ],
        outputs: [['y', 'float32', [2, 16]]],
        nodes: [
          node('MatMul', ['x', 'w'], ['h']),
          node('If', ['flag'], ['y'], {
            then_branch: { graph: branch('a', 'Neg') },
            else_branch: { graph: branch('b', 'Abs') },
          }),
        ],
        tensors: [noise('w', [32, 16])],
      }),
      [[2, 32], { shape: [], ints: [1], dtype: 'bool' }],
      { config: 'w8a8' },
    )
    const inner = edited.model.graph?.node.find(({ opType }) => opType === 'If')?.attribute[0]?.g?.node[0]
    expect(inner?.input).toEqual(['h_dequantized'])
    expect(largestDifference(edited)).toBe(0)
  })

  test('takes a branch that is always taken apart only where something in it is quantized', async () => {
    const layer = graph({
      inputs: [],
      outputs: ['r'],
      nodes: [node('MatMul', ['x', 'w'], ['d']), node('Relu', ['d'], ['r'])],
      tensors: [noise('w', [32, 16])],
    })
    const bytes = onnxBytes({
      inputs: [['x', 'float32', [2, 32]]],
      outputs: [['y', 'float32', [2, 16]]],
      nodes: [node('If', ['yes'], ['y'], { then_branch: { graph: layer }, else_branch: { graph: layer } })],
      tensors: [tensor('yes', [], [1], 'bool')],
    })
    expect(await onnxModel(await loadOnnxModel(bytes))).toEqual(decodeModel(bytes))
    const edited = await editOnnx(bytes, [[2, 32]], { config: 'w8' })
    expect(operators(edited)).toBe('DequantizeLinear Gemm Relu')
    expect(edited.model.graph?.output).toEqual(decodeModel(bytes).graph?.output)
    expect(largestDifference(edited)).toBeLessThan(1e-6)
  })

  test.each([7, 9, 10, 11, 12])(
    'upgrades a convolutional model of opset %i for scales of channels',
    async (opset) => {
      const edited = await editOnnx(
        onnxBytes({
          opset,
          inputs: [['x', 'float32', ['n', 3, 8, 8]]],
          outputs: ['y'],
          nodes: [
            node('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }),
            node('MaxPool', ['c'], ['m'], { kernel_shape: [2, 2], strides: [2, 2] }),
            node('ReduceMean', ['m'], ['r'], { axes: [2, 3], keepdims: 0 }),
            node('Gemm', ['r', 'w2', 'b2'], ['g'], { transB: 1 }),
            node('Unsqueeze', ['g'], ['u'], { axes: [2] }),
            node('Softmax', ['u'], ['y']),
          ],
          tensors: [noise('w', [8, 3, 3, 3]), noise('b', [8]), noise('w2', [5, 8]), noise('b2', [5])],
        }),
        [[2, 3, 8, 8]],
        { config: 'w8a8' },
      )
      expect(opsetOf(edited)).toBe(13)
      expect(largestDifference(edited)).toBeLessThan(1e-6)
    },
  )

  test('writes products with weights in blocks as MatMulNBits on request', async () => {
    const edited = await editOnnx(onnxBytes(layers), [[3, 32]], { config: 'w4', matMulNBits: true })
    expect(operators(edited)).toBe('MatMulNBits Add Relu MatMulNBits Softmax')
    expect(named(edited, '/Softmax')?.input).toEqual(['logits'])
    expect(largestDifference(edited)).toBeLessThan(1e-5)
  })

  test.each(['w8', 'w8a8'] as const)('casts where the file computes in float16: %s', async (config) => {
    const half = (name: string, shape: number[]) => {
      const count = shape.reduce((a, b) => a * b)
      return tensor(
        name,
        shape,
        Array.from({ length: count }, (_, i) => Math.sin(i)),
        'float16',
      )
    }
    const edited = await editOnnx(
      onnxBytes({
        inputs: [['x', 'float32', [2, 32]]],
        outputs: ['y'],
        nodes: [
          node('Cast', ['x'], ['a'], { to: { dtype: 'float16' } }),
          node('MatMul', ['a', 'w'], ['h']),
          node('Relu', ['h'], ['r']),
          node('Cast', ['r'], ['y'], { to: { dtype: 'float32' } }),
        ],
        tensors: [half('w', [32, 16])],
      }),
      [[2, 32]],
      { config },
    )
    expect(largestDifference(edited)).toBeLessThan(0.05)
  })
})
