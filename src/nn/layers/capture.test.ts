import { afterAll, describe, expect, test } from 'vitest'
import { randn, tensor } from '../../engine/create-tensors.ts'
import { manualSeed } from '../../engine/generator.ts'
import { recorder } from '../../engine/recorder.ts'
import { type Tensor, tensorsIn } from '../../engine/tensor.ts'
import { exportModule } from '../export-module.ts'
import { crossEntropy } from '../functional/class-losses.ts'
import { type AnyModule, Module } from '../module.ts'
import { ReLU } from './activations.ts'
import { BatchNorm2d } from './batch-norm.ts'
import { Conv2d } from './convolution.ts'
import { Flatten } from './flatten.ts'
import { Linear } from './linear.ts'
import { MultiheadAttention } from './multihead-attention.ts'
import { AdaptiveAvgPool2d, MaxPool2d } from './pooling.ts'
import { LSTM } from './recurrent.ts'
import { Sequential } from './sequential.ts'

afterAll(() => recorder.device.close())

class SelfAttention extends Module {
  attention: MultiheadAttention
  readonly #needWeights: boolean

  constructor(needWeights: boolean) {
    super()
    this.attention = new MultiheadAttention(4, 2, { batchFirst: true })
    this.#needWeights = needWeights
  }

  override forward(x: Tensor): Tensor {
    const [output] = this.attention(x, x, x, { needWeights: this.#needWeights, isCausal: true })
    return output
  }
}

class LossOf extends Module<[logits: Tensor, labels: Tensor], Tensor> {
  override forward(logits: Tensor, labels: Tensor): Tensor {
    return crossEntropy(logits, labels)
  }
}

const image = (batch: number) => [randn([batch, 1, 8, 8])]
const sequence = (batch: number) => [randn([batch, 3, 4])]
const labelled = (batch: number) => [
  randn([batch, 5]),
  tensor(new Array<number>(batch).fill(2), { dtype: 'int64' }),
]

const models: readonly (readonly [string, () => AnyModule, (batch: number) => Tensor[]])[] = [
  [
    'a convolutional network',
    () =>
      new Sequential(
        new Conv2d(1, 4, 3),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Linear(4, 2),
      ),
    image,
  ],
  ['an LSTM', () => new LSTM(4, 3, { batchFirst: true }), sequence],
  ['attention with weights', () => new SelfAttention(true), sequence],
  ['attention without weights', () => new SelfAttention(false), sequence],
  ['cross entropy', () => new LossOf(), labelled],
]

describe('exportModule()', () => {
  test.each(models)('exportModule() captures %s for any batch', async (_, make, inputsOf) => {
    manualSeed(0)
    const model = make().eval()
    const examples = inputsOf(2)
    const captured = exportModule(model, examples, { dynamicShapes: examples.map(() => ({ 0: 'batch' })) })
    const inputs = inputsOf(5)
    const [expected, got] = [callWith(model, inputs), callWith(captured, inputs)]
    expect(got.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape))
    for (const [i, tensor] of got.entries()) await expectEqual(tensor, expected[i])
  })
})

function callWith(module: AnyModule, inputs: readonly Tensor[]): Tensor[] {
  const callable: Module<readonly Tensor[], unknown> = Object(module)
  return [...tensorsIn(callable(...inputs))]
}

async function expectEqual(got: Tensor, expected: Tensor | undefined): Promise<void> {
  const wanted = (await expected?.data()) ?? []
  for (const [i, value] of (await got.data()).entries())
    expect(Number(value)).toBeCloseTo(Number(wanted[i]), 5)
}
