import type { Feed } from './onnx-agreement.ts'
import { graph, ints, node, noise, onnxBytes, type TestModel, tensor } from './onnx-builder.ts'
import { furtherRows } from './onnx-further-rows.ts'

/** A model of a few nodes from x to y; further inputs are a and b. */
export interface OnnxRow extends Partial<Omit<TestModel, 'outputs'>> {
  readonly title: string
  readonly nodes: TestModel['nodes']
  readonly x?: readonly number[]
  readonly feeds?: readonly Feed[]
  /** Operations that the graph has to have, in order. */
  readonly becomes?: string
}

/** Shape of x where a row has no other. */
export const X: readonly number[] = [2, 3, 8, 8]

/** The model of a row, as a file. */
export function rowBytes({
  x = X,
  feeds: _,
  becomes: __,
  title: ___,
  inputs = [],
  ...parts
}: OnnxRow): Uint8Array {
  return onnxBytes({ ...parts, inputs: [['x', 'float32', x], ...inputs], outputs: ['y'] })
}

/** Models of a few nodes, by what they show. */
export const onnxRows: readonly OnnxRow[] = [
  {
    title: 'Conv with a bias',
    nodes: [node('Conv', ['x', 'w', 'b'], ['y'], { pads: [1, 1, 1, 1], strides: [2, 2] })],
    tensors: [noise('w', [4, 3, 3, 3]), noise('b', [4])],
    becomes: 'conv2d',
  },
  {
    title: 'Conv with uneven pads',
    nodes: [node('Conv', ['x', 'w'], ['y'], { pads: [0, 0, 1, 1] })],
    tensors: [noise('w', [4, 3, 3, 3])],
    becomes: 'constant_pad_nd conv2d',
  },
  {
    title: 'Conv that keeps the size',
    nodes: [node('Conv', ['x', 'w'], ['y'], { auto_pad: 'SAME_UPPER', strides: [3, 3] })],
    tensors: [noise('w', [4, 3, 3, 3])],
  },
  {
    title: 'Conv in groups, dilated',
    nodes: [node('Conv', ['x', 'w'], ['y'], { group: 3, dilations: [2, 2] })],
    tensors: [noise('w', [6, 1, 3, 3])],
  },
  {
    title: 'Conv of one dimension',
    x: [2, 3, 8],
    nodes: [node('Conv', ['x', 'w'], ['y'], { pads: [1, 1] })],
    tensors: [noise('w', [4, 3, 3])],
    becomes: 'conv1d',
  },
  {
    title: 'ConvTranspose',
    nodes: [
      node('ConvTranspose', ['x', 'w', 'b'], ['y'], {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: [1, 1],
      }),
    ],
    tensors: [noise('w', [3, 4, 3, 3]), noise('b', [4])],
    becomes: 'conv_transpose2d',
  },
  {
    title: 'ConvTranspose with uneven pads',
    nodes: [node('ConvTranspose', ['x', 'w'], ['y'], { strides: [2, 2], pads: [0, 0, 1, 1] })],
    tensors: [noise('w', [3, 4, 3, 3])],
  },
  {
    title: 'BatchNormalization',
    nodes: [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], { epsilon: { float: 1e-3 } })],
    tensors: [noise('s', [3]), noise('b', [3]), noise('m', [3]), tensor('v', [3], [1, 2, 0.5])],
    becomes: 'batch_norm',
  },
  {
    title: 'MaxPool',
    nodes: [node('MaxPool', ['x'], ['y'], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })],
    becomes: 'max_pool2d',
  },
  {
    title: 'MaxPool in ceil mode',
    nodes: [node('MaxPool', ['x'], ['y'], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
  },
  {
    title: 'AveragePool',
    nodes: [node('AveragePool', ['x'], ['y'], { kernel_shape: [2, 2], strides: [2, 2] })],
    becomes: 'avg_pool2d',
  },
  {
    title: 'AveragePool that counts pads',
    nodes: [
      node('AveragePool', ['x'], ['y'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    ],
  },
  {
    title: 'GlobalAveragePool',
    nodes: [node('GlobalAveragePool', ['x'], ['y'])],
    becomes: 'adaptive_avg_pool2d',
  },
  { title: 'GlobalMaxPool', nodes: [node('GlobalMaxPool', ['x'], ['y'])], becomes: 'amax' },
  {
    title: 'HardSigmoid of its own numbers',
    nodes: [node('HardSigmoid', ['x'], ['y'])],
    becomes: 'onnx.hardsigmoid',
  },
  {
    title: 'Clip that is a ReLU6',
    nodes: [node('Clip', ['x', 'lo', 'hi'], ['y'])],
    tensors: [tensor('lo', [], [0]), tensor('hi', [], [6])],
    becomes: 'relu6',
  },
  {
    title: 'Gemm',
    x: [4, 6],
    nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transB: 1 })],
    tensors: [noise('w', [5, 6]), noise('b', [5])],
    becomes: 'linear',
  },
  {
    title: 'Gemm of a matrix that is not transposed',
    x: [4, 6],
    nodes: [node('Gemm', ['x', 'w', 'b'], ['y'])],
    tensors: [noise('w', [6, 5]), noise('b', [5])],
    becomes: 'linear',
  },
  {
    title: 'Gemm with factors',
    x: [4, 6],
    nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { alpha: { float: 0.5 }, beta: { float: 2 }, transA: 1 })],
    tensors: [noise('w', [4, 5]), noise('b', [6, 5])],
  },
  {
    title: 'MatMul and Add',
    x: [2, 4, 6],
    nodes: [node('MatMul', ['x', 'w'], ['h']), node('Add', ['b', 'h'], ['y'])],
    tensors: [noise('w', [6, 5]), noise('b', [5])],
    becomes: 'linear',
  },
  {
    title: 'MatMul of a transposed matrix',
    x: [2, 4, 6],
    nodes: [node('Transpose', ['w'], ['t'], { perm: [1, 0] }), node('MatMul', ['x', 't'], ['y'])],
    tensors: [noise('w', [5, 6])],
    becomes: 'linear',
  },
  {
    title: 'MatMul of two values',
    x: [2, 4, 6],
    inputs: [['a', 'float32', [2, 6, 3]]],
    nodes: [node('MatMul', ['x', 'a'], ['y'])],
    feeds: [[2, 6, 3]],
    becomes: 'matmul',
  },
  {
    title: 'Einsum',
    x: [2, 4, 6],
    inputs: [['a', 'float32', [2, 5, 6]]],
    nodes: [node('Einsum', ['x', 'a'], ['y'], { equation: 'bij,bkj->bik' })],
    feeds: [[2, 5, 6]],
  },
  {
    title: 'Add of a tensor of the file',
    nodes: [node('Add', ['x', 'b'], ['y'])],
    tensors: [noise('b', [3, 1, 1])],
  },
  {
    title: 'Sub from a number',
    nodes: [node('Sub', ['c', 'x'], ['y'])],
    tensors: [tensor('c', [], [2])],
    becomes: 'rsub',
  },
  {
    title: 'Div by a number',
    nodes: [node('Div', ['x', 'c'], ['y'])],
    tensors: [tensor('c', [1], [3])],
    becomes: 'div',
  },
  {
    title: 'Div of a number',
    nodes: [node('Exp', ['x'], ['h']), node('Div', ['c', 'h'], ['y'])],
    tensors: [tensor('c', [1], [3])],
  },
  { title: 'Pow', nodes: [node('Pow', ['x', 'c'], ['y'])], tensors: [tensor('c', [], [2])], becomes: 'pow' },
  {
    title: 'Clip',
    nodes: [node('Clip', ['x', 'lo', 'hi'], ['y'])],
    tensors: [tensor('lo', [], [-0.25]), tensor('hi', [], [0.5])],
    becomes: 'clamp',
  },
  {
    title: 'Max with a number',
    nodes: [node('Max', ['x', 'c'], ['y'])],
    tensors: [tensor('c', [], [0.1])],
    becomes: 'clamp',
  },
  {
    title: 'Where of a comparison',
    nodes: [node('Greater', ['x', 'c'], ['g']), node('Where', ['g', 'x', 'c'], ['y'])],
    tensors: [tensor('c', [], [0.1])],
  },
  { title: 'HardSigmoid', nodes: [node('HardSigmoid', ['x'], ['y'], { alpha: { float: 0.3 } })] },
  {
    title: 'HardSigmoid as PyTorch has it',
    nodes: [node('HardSigmoid', ['x'], ['y'], { alpha: { float: 1 / 6 } })],
    becomes: 'hardsigmoid',
  },
  { title: 'HardSwish', nodes: [node('HardSwish', ['x'], ['y'])], becomes: 'hardswish' },
  { title: 'LeakyRelu', nodes: [node('LeakyRelu', ['x'], ['y'], { alpha: { float: 0.2 } })] },
  { title: 'Elu', nodes: [node('Elu', ['x'], ['y'])] },
  { title: 'Softplus', nodes: [node('Softplus', ['x'], ['y'])] },
  { title: 'Gelu', opset: 20, nodes: [node('Gelu', ['x'], ['y'], { approximate: 'tanh' })], becomes: 'gelu' },
  {
    title: 'PRelu, which stays as it is',
    nodes: [node('PRelu', ['x', 's'], ['y'])],
    tensors: [noise('s', [3, 1, 1])],
  },
  { title: 'Softmax over an axis', nodes: [node('Softmax', ['x'], ['y'], { axis: 1 })], becomes: 'softmax' },
  {
    title: 'Softmax of opset 11 over all from the axis on',
    opset: 11,
    nodes: [node('Softmax', ['x'], ['y'])],
    becomes: 'reshape softmax reshape',
  },
  {
    title: 'LayerNormalization',
    nodes: [node('LayerNormalization', ['x', 's', 'b'], ['y'])],
    tensors: [noise('s', [8]), noise('b', [8])],
    becomes: 'layer_norm',
  },
  {
    title: 'InstanceNormalization',
    nodes: [node('InstanceNormalization', ['x', 's', 'b'], ['y'])],
    tensors: [noise('s', [3]), noise('b', [3])],
    becomes: 'group_norm',
  },
  {
    title: 'Reshape with 0 and -1',
    nodes: [node('Reshape', ['x', 's'], ['y'])],
    tensors: [ints('s', [0, -1, 4])],
    becomes: 'reshape',
  },
  { title: 'Flatten', nodes: [node('Flatten', ['x'], ['y'])], becomes: 'flatten' },
  {
    title: 'Transpose',
    nodes: [node('Transpose', ['x'], ['y'], { perm: [0, 2, 3, 1] })],
    becomes: 'permute',
  },
  {
    title: 'Slice with negative ends',
    nodes: [node('Slice', ['x', 's', 'e', 'a', 't'], ['y'])],
    tensors: [
      ints('s', [1, -6]),
      ints('e', [Number.MAX_SAFE_INTEGER, -1]),
      ints('a', [2, 3]),
      ints('t', [2, 1]),
    ],
    becomes: 'slice slice',
  },
  {
    title: 'Slice backwards, which stays as it is',
    nodes: [node('Slice', ['x', 's', 'e', 'a', 't'], ['y'])],
    tensors: [ints('s', [-1]), ints('e', [-100]), ints('a', [3]), ints('t', [-1])],
  },
  {
    title: 'Split',
    nodes: [
      node('Split', ['x', 's'], ['p', 'q'], { axis: 3 }),
      node('Concat', ['q', 'p'], ['y'], { axis: 3 }),
    ],
    tensors: [ints('s', [3, 5])],
  },
  {
    title: 'Squeeze and Unsqueeze',
    nodes: [node('Unsqueeze', ['x', 'a'], ['h']), node('Squeeze', ['h', 'c'], ['y'])],
    tensors: [ints('a', [0, 3]), ints('c', [0])],
  },
  {
    title: 'Expand',
    x: [2, 1, 3],
    nodes: [node('Expand', ['x', 's'], ['y'])],
    tensors: [ints('s', [4, 1])],
    becomes: 'expand',
  },
  { title: 'Tile', nodes: [node('Tile', ['x', 's'], ['y'])], tensors: [ints('s', [1, 2, 1, 3])] },
  {
    title: 'Pad by a number',
    nodes: [node('Pad', ['x', 's', 'c'], ['y'])],
    tensors: [ints('s', [0, 0, 1, 0, 0, 0, 2, 1]), tensor('c', [], [0.5])],
    becomes: 'constant_pad_nd',
  },
  {
    title: 'Pad by reflection',
    nodes: [node('Pad', ['x', 's'], ['y'], { mode: 'reflect' })],
    tensors: [ints('s', [0, 0, 1, 0, 0, 0, 2, 1])],
  },
  {
    title: 'DepthToSpace',
    x: [1, 8, 2, 3],
    nodes: [node('DepthToSpace', ['x'], ['y'], { blocksize: 2, mode: 'CRD' })],
  },
  { title: 'SpaceToDepth', nodes: [node('SpaceToDepth', ['x'], ['y'], { blocksize: 2 })] },
  {
    title: 'Resize by factors',
    nodes: [node('Resize', ['x', '', 's'], ['y'], { mode: 'nearest' })],
    tensors: [tensor('s', [4], [1, 1, 2, 2])],
  },
  {
    title: 'ReduceMean over axes',
    opset: 18,
    nodes: [node('ReduceMean', ['x', 'a'], ['y'], { keepdims: 0 })],
    tensors: [ints('a', [2, -1])],
    becomes: 'mean',
  },
  { title: 'ReduceL2', opset: 18, nodes: [node('ReduceL2', ['x', 'a'], ['y'])], tensors: [ints('a', [1])] },
  { title: 'ReduceLogSumExp', opset: 13, nodes: [node('ReduceLogSumExp', ['x'], ['y'], { axes: [1] })] },
  {
    title: 'ArgMax and Cast',
    nodes: [node('ArgMax', ['x'], ['h'], { axis: 1 }), node('Cast', ['h'], ['y'], { to: 1 })],
  },
  { title: 'CumSum', nodes: [node('CumSum', ['x', 'a'], ['y'])], tensors: [tensor('a', [], [2], 'int64')] },
  {
    title: 'TopK, which stays as it is',
    nodes: [node('TopK', ['x', 'k'], ['y', 'i'])],
    tensors: [ints('k', [3])],
  },
  {
    title: 'Gather of rows of a table',
    x: [2, 3],
    nodes: [node('Cast', ['x'], ['h'], { to: 7 }), node('Gather', ['w', 'h'], ['y'])],
    tensors: [noise('w', [5, 4])],
    becomes: 'to embedding',
  },
  {
    title: 'Gather along an axis',
    nodes: [node('Gather', ['x', 'i'], ['y'], { axis: 2 })],
    tensors: [ints('i', [1, -1, 0])],
    becomes: 'index',
  },
  {
    title: 'LSTM in two directions',
    x: [5, 2, 4],
    nodes: [node('LSTM', ['x', 'w', 'r', 'b'], ['y'], { hidden_size: 3, direction: 'bidirectional' })],
    tensors: [noise('w', [2, 12, 4]), noise('r', [2, 12, 3]), noise('b', [2, 24])],
    becomes: 'full full lstm reshape permute',
  },
  {
    title: 'GRU',
    x: [5, 2, 4],
    nodes: [node('GRU', ['x', 'w', 'r', 'b'], ['y'], { hidden_size: 3, linear_before_reset: 1 })],
    tensors: [noise('w', [1, 9, 4]), noise('r', [1, 9, 3]), noise('b', [1, 18])],
    becomes: 'full gru reshape permute',
  },
  {
    title: 'GRU of another form, which stays as it is',
    x: [5, 2, 4],
    nodes: [node('GRU', ['x', 'w', 'r'], ['y'], { hidden_size: 3 })],
    tensors: [noise('w', [1, 9, 4]), noise('r', [1, 9, 3])],
  },
  {
    title: 'QuantizeLinear and DequantizeLinear',
    nodes: [
      node('QuantizeLinear', ['x', 's', 'z'], ['q']),
      node('DequantizeLinear', ['q', 's', 'z'], ['d']),
      node('DequantizeLinear', ['w', 'ws', 'wz'], ['k'], { axis: 0 }),
      node('Conv', ['d', 'k'], ['y']),
    ],
    tensors: [
      ...[tensor('s', [], [0.01]), tensor('z', [], [128], 'uint8')],
      tensor('w', [2, 3, 1, 1], [1, -2, 3, 100, -128, 127], 'int8'),
      ...[tensor('ws', [2], [0.01, 0.02]), tensor('wz', [2], [0, 0], 'int8')],
    ],
  },
  {
    title: 'an If, which stays as it is',
    nodes: [
      node('ReduceSum', ['x'], ['t'], { keepdims: 0 }),
      node('Greater', ['t', 'c'], ['g']),
      node('If', ['g'], ['r'], {
        then_branch: { graph: graph({ inputs: [], outputs: ['z'], nodes: [node('Relu', ['x'], ['z'])] }) },
        else_branch: {
          graph: graph({ inputs: [], outputs: ['z'], nodes: [node('Mul', ['x', 'c'], ['z'])] }),
        },
      }),
      node('Abs', ['r'], ['y']),
    ],
    tensors: [tensor('c', [], [0.5])],
    valueInfo: [['r', 'float32', X]],
  },
  {
    title: 'arithmetic on the shape',
    nodes: [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'i'], ['g']),
      node('Concat', ['g', 'm'], ['t'], { axis: 0 }),
      node('Reshape', ['x', 't'], ['y']),
    ],
    tensors: [ints('i', [0]), ints('m', [-1])],
    becomes: 'reshape',
  },
  ...furtherRows,
]
