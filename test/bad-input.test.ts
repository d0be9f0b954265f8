import { describe, expect, test } from 'vitest'
import {
  type AnyModule,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Embedding,
  F,
  GroupNorm,
  LayerNorm,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  MultiheadAttention,
  ones,
  Sequential,
  ShapeError,
  type Tensor,
  tensor,
  zeros,
} from '../src/index.ts'

/** A model that calls its only part, which stands at "encoder.0". */
class Encoder extends Module {
  readonly encoder: Sequential
  constructor(part: Module) {
    super()
    this.encoder = new Sequential(part)
  }
  override forward(x: Tensor): Tensor {
    return this.encoder(x)
  }
}

/** A recurrent layer or an attention over itself, as a module with one input. */
class First extends Module {
  readonly part: LSTM | MultiheadAttention
  constructor(part: LSTM | MultiheadAttention) {
    super()
    this.part = part
  }
  override forward(x: Tensor): Tensor {
    return this.part instanceof LSTM ? this.part(x)[0] : this.part(x, x, x)[0]
  }
}

const where = (part: AnyModule) => `in module "encoder.0" (${part.constructor.name})`

describe('a shape that does not fit', () => {
  test.each<[Module, number[], string]>([
    [
      new Linear(4, 3),
      [2, 5],
      'aten.linear | expected inner sizes that are equal, got float32 [2, 5] and float32 [3, 4]',
    ],
    [
      new Conv2d(3, 4, 3),
      [1, 4, 7, 7],
      'aten.conv2d | expected data with 3 channels for the weight [4, 3, 3, 3] in groups of 1, got float32 [1, 4, 7, 7]',
    ],
    [
      new Conv2d(3, 4, 3),
      [1, 3, 2, 9],
      'aten.conv2d | expected a kernel that fits into the padded input, got [3, 3] for [2, 9]',
    ],
    [
      new ConvTranspose2d(3, 4, 3),
      [1, 2, 7, 7],
      'aten.conv_transpose2d | expected data with 3 channels for the weight [3, 4, 3, 3], got float32 [1, 2, 7, 7]',
    ],
    [
      new BatchNorm2d(3),
      [1, 4, 2, 2],
      'aten.batch_norm | expected a weight [4] for float32 [1, 4, 2, 2], got float32 [3]',
    ],
    [new LayerNorm([3]), [1, 4], 'aten.layer_norm | expected a shape that ends with [3], got float32 [1, 4]'],
    [
      new GroupNorm(2, 4),
      [1, 6, 2],
      'aten.group_norm | expected parameters [6] for float32 [1, 6, 2], got float32 [4]',
    ],
    [new MaxPool2d(2), [3], 'aten.max_pool2d | expected rank 4 or 3, got float32 [3]'],
  ])(
    'a shape that does not fit is told with the operation, the module and both shapes: %#',
    (part, shape, text) => {
      const [op, reason] = text.split(' | ')
      expect(() => new Encoder(part)(zeros(shape))).toThrow(
        new ShapeError(`Cannot record "${op}" ${where(part)}: ${reason}`),
      )
    },
  )

  test.each<[LSTM | MultiheadAttention, string]>([
    [
      new LSTM(3, 4),
      'aten.lstm | expected parameter 0 of layer 0 for float32 [2, 1, 5] to be [16, 5], got float32 [16, 3]',
    ],
    [
      new MultiheadAttention(4, 2),
      'aten.linear | expected inner sizes that are equal, got float32 [2, 1, 5] and float32 [12, 4]',
    ],
  ])('a shape that does not fit is told by layers with several inputs: %#', (part, text) => {
    const [op, reason] = text.split(' | ')
    expect(() => new First(part)(zeros([2, 1, 5]))).toThrow(
      new ShapeError(`Cannot record "${op}" in module "part" (${part.constructor.name}): ${reason}`),
    )
  })

  test.each<[string, () => Tensor, string]>([
    [
      'broadcast',
      () => zeros([2, 3]).add(zeros([4])),
      'Cannot record "aten.add": expected shapes that broadcast, got [2, 3] and [4] (dimension -1)',
    ],
    [
      'product',
      () => zeros([2, 3]).matmul(zeros([4, 2])),
      'Cannot record "aten.matmul": expected inner sizes that are equal, got float32 [2, 3] and float32 [4, 2]',
    ],
    [
      'reshape',
      () => zeros([2, 3]).reshape([4, -1]),
      'Cannot record "aten.reshape": expected a shape with 6 elements, got [4, -1] for [2, 3]',
    ],
    [
      'loss',
      () => F.crossEntropy(zeros([2, 3]), tensor([0, 1, 2], { dtype: 'int64' })),
      'Cannot compute "crossEntropy": expected a target [2] for scores [2, 3], got [3]',
    ],
  ])('a shape that does not fit is told outside of modules: %s', (_name, body, message) => {
    expect(body).toThrow(new ShapeError(message))
  })
})

describe('a dtype that an operation does not take', () => {
  test.each<[Module, Tensor, string]>([
    [
      new Conv2d(3, 4, 3),
      ones([1, 3, 9, 9], { dtype: 'int8' }),
      'aten.conv2d | expected a floating dtype for input 0, got int8',
    ],
    [
      new Linear(3, 4),
      ones([1, 3], { dtype: 'float16' }),
      'aten.linear | expected operands of one dtype, got float16 [1, 3] and float32 [4, 3]',
    ],
    [
      new Embedding(3, 4),
      ones([1, 4]),
      'aten.embedding | expected positions in int64 or int32, got float32 [1, 4]',
    ],
  ])('a dtype that an operation does not take is told with the module: %#', (part, x, text) => {
    const [op, reason] = text.split(' | ')
    expect(() => new Encoder(part)(x)).toThrow(
      new TypeError(`Cannot record "${op}" ${where(part)}: ${reason}`),
    )
  })

  test('a dtype that an operation does not take is told outside of modules', () => {
    expect(() => ones([2], { dtype: 'int32' }).sigmoid()).toThrow(
      new TypeError('Cannot record "aten.sigmoid": expected a floating dtype for input 0, got int32'),
    )
    expect(() => zeros([2, 3]).gather(0, zeros([1, 1]))).toThrow(
      new TypeError('Cannot record "aten.gather": expected positions in int64 or int32, got float32 [1, 1]'),
    )
  })
})
