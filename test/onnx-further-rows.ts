import { graph, ints, node, noise, tensor } from './onnx-builder.ts'
import type { OnnxRow } from './onnx-rows.ts'

/** Models of a few nodes, of operators that are made of others, move positions or sample. */
export const furtherRows: readonly OnnxRow[] = [
  {
    title: 'PRelu of channels',
    nodes: [node('PRelu', ['x', 's'], ['y'])],
    tensors: [noise('s', [3, 1, 1])],
    becomes: 'reshape prelu',
  },
  {
    title: 'Selu of other numbers',
    nodes: [node('Selu', ['x'], ['y'], { alpha: { float: 1.5 }, gamma: { float: 1.1 } })],
  },
  { title: 'Selu of its numbers', nodes: [node('Selu', ['x'], ['y'])], becomes: 'selu' },
  { title: 'Softsign', nodes: [node('Softsign', ['x'], ['y'])] },
  {
    title: 'ThresholdedRelu',
    nodes: [node('ThresholdedRelu', ['x'], ['y'], { alpha: { float: 0.3 } })],
    becomes: 'threshold',
  },
  {
    title: 'FastGelu with a bias',
    nodes: [node('FastGelu', ['x', 'b'], ['y'], {}, { domain: 'com.microsoft' })],
    tensors: [noise('b', [8])],
    becomes: 'add gelu',
  },
  { title: 'Mean', nodes: [node('Mean', ['x', 'x', 'w'], ['y'])], tensors: [noise('w', [8])] },
  {
    title: 'Mod',
    nodes: [
      node('Cast', ['x'], ['i'], { to: { dtype: 'int64' } }),
      node('Mod', ['i', 'm'], ['j']),
      node('Cast', ['j'], ['y'], { to: { dtype: 'float32' } }),
    ],
    tensors: [ints('m', [3])],
  },
  {
    title: 'IsNaN and IsInf',
    nodes: [
      ...[node('Log', ['x'], ['l']), node('IsNaN', ['l'], ['a']), node('IsInf', ['l'], ['b'])],
      ...[node('Or', ['a', 'b'], ['c']), node('Cast', ['c'], ['y'], { to: { dtype: 'float32' } })],
    ],
  },
  {
    title: 'ScatterElements',
    x: [2, 4],
    nodes: [node('ScatterElements', ['x', 'at', 'w'], ['y'], { axis: 1 })],
    tensors: [tensor('at', [2, 2], [0, 3, 1, 2], 'int64'), noise('w', [2, 2])],
    becomes: 'scatter',
  },
  {
    title: 'ScatterElements that adds',
    x: [2, 4],
    opset: 18,
    nodes: [node('ScatterElements', ['x', 'at', 'w'], ['y'], { axis: 0, reduction: 'add' })],
    tensors: [tensor('at', [2, 2], [0, 1, 0, 1], 'int64'), noise('w', [2, 2])],
    becomes: 'scatter_add',
  },
  { title: 'Shrink', nodes: [node('Shrink', ['x'], ['y'], { lambd: { float: 0.2 }, bias: { float: 0.1 } })] },
  {
    title: 'QuickGelu',
    nodes: [node('QuickGelu', ['x'], ['y'], {}, { domain: 'com.microsoft' })],
    becomes: 'mul sigmoid mul',
  },
  { title: 'LRN', nodes: [node('LRN', ['x'], ['y'], { size: 3, alpha: { float: 0.5 } })] },
  {
    title: 'LRN of more neighbours than channels',
    nodes: [node('LRN', ['x'], ['y'], { size: 5, alpha: { float: 0.5 }, beta: { float: 0.5 } })],
  },
  {
    title: 'LpPool',
    opset: 18,
    nodes: [node('LpPool', ['x'], ['y'], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] })],
    becomes: 'mul constant_pad_nd avg_pool2d mul sqrt',
  },
  {
    title: 'LpPool of third powers in one dimension',
    x: [2, 3, 8],
    nodes: [node('LpPool', ['x'], ['y'], { kernel_shape: [2], p: 3 })],
  },
  {
    title: 'LpPool of absolute values',
    nodes: [node('LpPool', ['x'], ['y'], { kernel_shape: [2, 2], p: 1 })],
  },
  { title: 'GlobalLpPool', nodes: [node('GlobalLpPool', ['x'], ['y'])], becomes: 'mul sum sqrt' },
  { title: 'GlobalLpPool of third powers', nodes: [node('GlobalLpPool', ['x'], ['y'], { p: 3 })] },
  { title: 'MeanVarianceNormalization', nodes: [node('MeanVarianceNormalization', ['x'], ['y'])] },
  {
    title: 'MeanVarianceNormalization along other axes',
    nodes: [node('MeanVarianceNormalization', ['x'], ['y'], { axes: [-1, 1] })],
  },
  { title: 'Hardmax', nodes: [node('Hardmax', ['x'], ['y'])] },
  {
    title: 'Hardmax of equal elements along another axis',
    nodes: [node('Round', ['x'], ['r']), node('Hardmax', ['r'], ['y'], { axis: 1 })],
  },
  {
    title: 'Hardmax of an old model, over all from the axis on',
    opset: 11,
    nodes: [node('Hardmax', ['x'], ['y'], { axis: 2 })],
  },
  { title: 'Tan', nodes: [node('Tan', ['x'], ['y'])], becomes: 'sin cos div' },
  {
    title: 'Xor',
    nodes: [
      node('Greater', ['x', 'c'], ['a']),
      node('Less', ['x', 'd'], ['b']),
      node('Xor', ['a', 'b'], ['e']),
      node('Cast', ['e'], ['y'], { to: 1 }),
    ],
    tensors: [tensor('c', [], [0]), tensor('d', [], [0.3])],
  },
  {
    title: 'GatherND',
    nodes: [node('GatherND', ['x', 'i'], ['y'])],
    tensors: [tensor('i', [2, 2, 2], [0, 1, 1, 2, 1, 0, -1, -2], 'int64')],
  },
  {
    title: 'GatherND of all dimensions',
    nodes: [node('GatherND', ['x', 'i'], ['y'])],
    tensors: [tensor('i', [2, 4], [0, 1, 1, 2, 1, 0, -1, -2], 'int64')],
  },
  {
    title: 'ScatterND',
    nodes: [node('ScatterND', ['x', 'i', 's'], ['y'])],
    tensors: [tensor('i', [3, 2], [0, 1, 1, -1, 1, 0], 'int64'), noise('s', [3, 8, 8])],
  },
  {
    title: 'ScatterND that adds to one place twice',
    opset: 16,
    nodes: [node('ScatterND', ['x', 'i', 's'], ['y'], { reduction: 'add' })],
    tensors: [tensor('i', [3, 2], [0, 1, 0, 1, 1, 0], 'int64'), noise('s', [3, 8, 8])],
  },
  {
    title: 'OneHot',
    nodes: [node('OneHot', ['i', 'd', 'v'], ['h'], { axis: 0 }), node('Add', ['x', 'h'], ['y'])],
    x: [4, 2, 3],
    tensors: [
      ...[tensor('i', [2, 3], [0, 3, -1, -4, 4, -5], 'int64'), tensor('d', [], [4], 'int64')],
      tensor('v', [2], [0.25, 2]),
    ],
  },
  {
    title: 'TopK',
    nodes: [node('TopK', ['x', 'k'], ['y', 'i'], { largest: 0 })],
    tensors: [ints('k', [3])],
    becomes: 'topk',
  },
  {
    title: 'ReduceProd of several axes',
    opset: 18,
    nodes: [node('ReduceProd', ['x', 'a'], ['y'])],
    tensors: [ints('a', [1, 3])],
  },
  { title: 'LpNormalization', nodes: [node('LpNormalization', ['x'], ['y'], { p: 1, axis: 1 })] },
  {
    title: 'CumSum from the end, without the element',
    nodes: [node('CumSum', ['x', 'a'], ['y'], { reverse: 1, exclusive: 1 })],
    tensors: [tensor('a', [], [2], 'int64')],
  },
  {
    title: 'Trilu',
    nodes: [node('Trilu', ['x', 'k'], ['y'], { upper: 0 })],
    tensors: [tensor('k', [], [1], 'int64')],
    becomes: 'tril',
  },
  {
    title: 'Pad that reflects',
    nodes: [node('Pad', ['x', 'p'], ['y'], { mode: 'reflect' })],
    tensors: [ints('p', [0, 0, 1, 2, 0, 0, 2, 1])],
    becomes: 'pad',
  },
  {
    title: 'Pad that repeats the edge',
    nodes: [node('Pad', ['x', 'p'], ['y'], { mode: 'edge' })],
    tensors: [ints('p', [0, 0, 1, 2, 0, 0, 2, 1])],
    becomes: 'pad',
  },
  {
    title: 'Resize to the nearest',
    nodes: [
      node('Resize', ['x', '', 's'], ['y'], {
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    tensors: [tensor('s', [4], [1, 1, 2, 3])],
    becomes: 'upsample_nearest2d',
  },
  {
    title: 'Resize to the nearest of centres',
    nodes: [node('Resize', ['x', '', 's'], ['y'])],
    tensors: [tensor('s', [4], [1, 1, 2, 4])],
    becomes: 'upsample_nearest2d',
  },
  {
    title: 'Resize of lines between',
    nodes: [node('Resize', ['x', '', '', 's'], ['y'], { mode: 'linear' })],
    tensors: [ints('s', [2, 3, 12, 16])],
    becomes: 'upsample_bilinear2d',
  },
  {
    title: 'Resize of lines between corners',
    nodes: [
      node('Resize', ['x', '', '', 's'], ['y'], {
        mode: 'linear',
        coordinate_transformation_mode: 'align_corners',
      }),
    ],
    tensors: [ints('s', [2, 3, 12, 20])],
    becomes: 'upsample_bilinear2d',
  },
  {
    title: 'Resize of curves',
    nodes: [node('Resize', ['x', '', '', 's'], ['y'], { mode: 'cubic' })],
    tensors: [ints('s', [2, 3, 12, 16])],
    becomes: 'upsample_bicubic2d',
  },
  {
    title: 'GridSample',
    opset: 16,
    nodes: [node('GridSample', ['x', 'g'], ['y'], { padding_mode: 'border' })],
    tensors: [noise('g', [2, 4, 5, 2], 1.2)],
    becomes: 'grid_sampler',
  },
  {
    title: 'GroupNormalization of one scale for each group',
    x: [2, 6, 8],
    opset: 18,
    nodes: [node('GroupNormalization', ['x', 's', 'b'], ['y'], { num_groups: 3 })],
    tensors: [noise('s', [3]), noise('b', [3])],
  },
  {
    title: 'Attention',
    opset: 23,
    x: [1, 2, 4, 6],
    nodes: [node('Attention', ['x', 'x', 'x'], ['y'], { is_causal: 1 })],
    becomes: 'scaled_dot_product_attention',
  },
  {
    title: 'If that is settled by sizes',
    nodes: [
      ...[
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'one'], ['c']),
        node('Equal', ['c', 'three'], ['is']),
      ],
      node('If', ['is'], ['y'], {
        then_branch: {
          graph: graph({
            inputs: [],
            outputs: ['r'],
            nodes: [node('Conv', ['x', 'w'], ['d']), node('Relu', ['d'], ['r'])],
            tensors: [noise('w', [2, 3, 1, 1])],
          }),
        },
        else_branch: {
          graph: graph({ inputs: [], outputs: ['r'], nodes: [node('Identity', ['x'], ['r'])] }),
        },
      }),
    ],
    tensors: [tensor('one', [], [1], 'int64'), tensor('three', [], [3], 'int64')],
    becomes: 'conv2d relu',
  },
]
