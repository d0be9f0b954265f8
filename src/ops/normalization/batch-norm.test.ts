import { describe, expect, test } from 'vitest'
import { numbers, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { recorder } from '../../engine/recorder.ts'
import { fromHost, record, recordAll, type Tensor } from '../../engine/tensor.ts'
import { sum } from '../reduction/sum.ts'
import { batchNorm } from './batch-norm.ts'

const TRAINING = { training: true, momentum: 0.1, eps: 1e-5 }
const EVALUATION = { ...TRAINING, training: false }

describe('aten.batch_norm', () => {
  test('aten.batch_norm keeps its digits where the mean is a thousand deviations', async () => {
    const values = Array.from({ length: 4000 }, (_, i) => 1000 + Math.sin(i))
    const rounded = values.map(Math.fround)
    const mean = rounded.reduce((a, b) => a + b) / rounded.length
    const variance = rounded.reduce((a, b) => a + (b - mean) ** 2, 0) / rounded.length
    const [y, ownMean, ownVariance] = recordAll(
      batchNorm,
      [tensor(values, [2, 1, 2000]), null, null, null, null],
      TRAINING,
    )
    if (!y || !ownMean || !ownVariance) throw new TypeError('expected three outputs')
    expect((await numbers(ownMean))[0]).toBeCloseTo(mean, 3)
    expect((await numbers(ownVariance))[0]).toBeCloseTo(variance, 5)
    const [first = 0] = await numbers(y)
    expect(first).toBeCloseTo(((rounded[0] ?? 0) - mean) / Math.sqrt(variance + 1e-5), 3)
  })

  test('aten.batch_norm gives the same in every run, also beside others of its width', async () => {
    const parameters = Array.from({ length: 8 }, () => tensor([1], [1]))
    for (const scale of [1, 3, 7]) {
      const x = tensor(
        [1, 2, 3, 6].map((value) => value * scale),
        [4, 1],
      )
      x.requiresGrad = true
      const norm = (input: Tensor, at: number) =>
        recordAll(batchNorm, [input, ...parameters.slice(at, at + 4)], TRAINING)
      const [first, , , firstMean, firstVariance] = norm(x, 0)
      if (!first || !firstMean || !firstVariance) throw new TypeError('expected five outputs')
      const [second, , , secondMean, secondVariance] = norm(first, 4)
      if (!second || !secondMean || !secondVariance) throw new TypeError('expected five outputs')
      record(sum, [second], { dim: null, keepdim: false }).backward()
      expect(await numbers(firstMean)).toEqual([expect.closeTo(3 * scale, 4)])
      expect(await numbers(firstVariance)).toEqual([expect.closeTo(3.5 * scale ** 2, 3)])
      expect(await numbers(secondMean)).toEqual([expect.closeTo(1, 5)])
      expect(await numbers(secondVariance)).toEqual([expect.closeTo(1, 4)])
      await recorder.settled()
    }
  })

  test('aten.batch_norm without running statistics uses the batch in evaluation as well', async () => {
    const inputs = [fromHost(wave([3, 2, 2])), null, null, null, null]
    const [training] = recordAll(batchNorm, inputs, TRAINING)
    const [evaluation] = recordAll(batchNorm, inputs, EVALUATION)
    if (!training || !evaluation) throw new TypeError('expected outputs')
    expect(await numbers(evaluation)).toEqual(await numbers(training))
  })
})

const channel = (low: number, high: number, phase: number) => wave([2], low, high, phase)
const statistics = [channel(-1, 1, 3), channel(0.5, 2, 4)]

describe('lowbit.batch_norm_gradient', () => {
  test.each([
    [
      'in training',
      [wave([3, 2, 2]), channel(0.5, 2, 1), channel(-1, 1, 2), ...statistics],
      TRAINING,
      [0, 1, 2],
    ],
    [
      'in training, a matrix',
      [wave([5, 2]), channel(0.5, 2, 1), channel(-1, 1, 2), ...statistics],
      TRAINING,
      [0, 1, 2],
    ],
    ['in training, not affine', [wave([3, 2, 2]), null, null, null, null], TRAINING, [0]],
    [
      'in evaluation',
      [wave([3, 2, 2]), channel(0.5, 2, 1), channel(-1, 1, 2), ...statistics],
      EVALUATION,
      [0, 1, 2],
    ],
    [
      'in evaluation, the weight alone',
      [wave([3, 2, 2]), channel(0.5, 2, 1), null, ...statistics],
      EVALUATION,
      [1],
    ],
  ])(
    'lowbit.batch_norm_gradient has the slopes of finite differences %s',
    async (_name, inputs, attrs, wanted) => {
      // Running statistics do not count: no gradient flows through them.
      await expectSlopes(batchNorm, inputs, attrs, wanted, { counted: 1 })
    },
  )
})
