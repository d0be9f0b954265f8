import { describe, expect, test } from 'vitest'
import { evaluate, gradientsOf, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { fromHost } from '../../engine/tensor.ts'
import { conv1d, conv2d } from './conv.ts'
import { convTranspose1d, convTranspose2d } from './conv-transpose.ts'
import { convInputGradient, convolution, convWeightGradient } from './convolution.ts'
import type { Sliding } from './geometry.ts'

const UNEVEN: Sliding = {
  stride: [2, 1],
  padding: [
    [1, 0],
    [2, 1],
  ],
  dilation: [1, 2],
  groups: 1,
}
const GROUPED: Sliding = { stride: [1], padding: [[1, 1]], dilation: [1], groups: 2 }

describe('lowbit.convolution', () => {
  test('lowbit.convolution has the slopes of finite differences', async () => {
    await expectSlopes(convolution, [wave([2, 2, 4, 4]), wave([3, 2, 2, 2], -1, 1, 1)], UNEVEN)
    await expectSlopes(convolution, [wave([2, 4, 3]), wave([4, 2, 3], -1, 1, 1)], GROUPED)
  })

  test('lowbit.convolution pads and crops each side by itself', async () => {
    const sliding: Sliding = { stride: [1], padding: [[2, -1]], dilation: [1], groups: 1 }
    expect(
      await evaluate(convolution, [tensor([1, 2, 3], [1, 1, 3]), tensor([10, 1], [1, 1, 2])], sliding),
    ).toEqual([0, 1, 12])
  })
})

describe('lowbit.conv_input_gradient', () => {
  test('lowbit.conv_input_gradient has the slopes of finite differences', async () => {
    const grad = wave([2, 3, 2, 5])
    await expectSlopes(convInputGradient, [grad, wave([3, 2, 2, 2], -1, 1, 1)], {
      ...UNEVEN,
      inputSize: [4, 4],
    })
    await expectSlopes(convInputGradient, [wave([2, 4, 3]), wave([4, 2, 3], -1, 1, 1)], {
      ...GROUPED,
      inputSize: [3],
    })
  })

  test('lowbit.conv_input_gradient gives nothing to what the convolution does not see', async () => {
    const sliding: Sliding = { stride: [2], padding: [[0, -2]], dilation: [1], groups: 1 }
    const attrs = { ...sliding, inputSize: [6] }
    const found = await evaluate(
      convInputGradient,
      [tensor([1, 2], [1, 1, 2]), tensor([3, 4], [1, 1, 2])],
      attrs,
    )
    expect(found).toEqual([3, 4, 6, 8, 0, 0])
  })
})

describe('lowbit.conv_weight_gradient', () => {
  test('lowbit.conv_weight_gradient has the slopes of finite differences', async () => {
    const x = wave([2, 2, 4, 4])
    await expectSlopes(convWeightGradient, [x, wave([2, 3, 2, 5], -1, 1, 1)], {
      ...UNEVEN,
      kernelSize: [2, 2],
    })
    await expectSlopes(convWeightGradient, [wave([2, 4, 3]), wave([2, 4, 3], -1, 1, 1)], {
      ...GROUPED,
      kernelSize: [3],
    })
  })
})

const ONE = { stride: [1], padding: [0], dilation: [1], groups: 1 }

describe('aten.conv1d', () => {
  test('aten.conv1d takes one example without a batch', async () => {
    const inputs = [tensor([1, 2, 3], [1, 3]), tensor([1, -1], [1, 1, 2]), tensor([0.5])]
    expect(await evaluate(conv1d, inputs, ONE)).toEqual([-0.5, -0.5])
    expect(await gradientsOf(conv1d, inputs, ONE)).toEqual([[1, 0, -1], [3, 5], [2]])
  })

  test('aten.conv1d puts the odd zero of the padding "same" behind', async () => {
    const inputs = [tensor([1, 2, 3], [1, 1, 3]), tensor([100, 10, 1, 0], [1, 1, 4])]
    expect(await evaluate(conv1d, inputs, { ...ONE, padding: 'same' })).toEqual([12, 123, 230])
  })
})

describe('aten.conv2d', () => {
  test('aten.conv2d computes on planes of height 1 what aten.conv1d computes', async () => {
    for (const [groups, stride] of [
      [1, 1],
      [1, 2],
      [16, 1],
      [16, 2],
    ] as const) {
      const lines = { stride: [stride], padding: [1], dilation: [1], groups }
      const planes = { stride: [1, stride], padding: [0, 1], dilation: [1, 1], groups }
      const inputs = (...height: number[]) => [
        fromHost(wave([2, 16, ...height, 9])),
        fromHost(wave([16, 16 / groups, ...height, 3], -1, 1, 1)),
        fromHost(wave([16])),
      ]
      const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 4))
      expect(await evaluate(conv2d, inputs(1), planes)).toEqual(
        close(await evaluate(conv1d, inputs(), lines)),
      )
      const expected = await gradientsOf(conv1d, inputs(), lines)
      expect(await gradientsOf(conv2d, inputs(1), planes)).toEqual(expected.map(close))
    }
  })

  test('aten.conv2d has the slopes of finite differences with fewer channels than a block', async () => {
    const attrs = { stride: [2, 2], padding: [1, 1], dilation: [1, 1], groups: 1 }
    await expectSlopes(conv2d, [wave([2, 3, 4, 4]), wave([4, 3, 3, 3], -1, 1, 1), wave([4])], attrs)
  })

  test('aten.conv2d has the slopes of finite differences channel by channel', async () => {
    const attrs = { stride: [2, 1], padding: [1, 1], dilation: [1, 1], groups: 4 }
    await expectSlopes(conv2d, [wave([2, 4, 4, 3]), wave([4, 1, 3, 3], -1, 1, 1), wave([4])], attrs)
  })
})

const TRANSPOSED = { stride: [1], padding: [0], outputPadding: [0], groups: 1, dilation: [1] }

describe('aten.conv_transpose1d', () => {
  test('aten.conv_transpose1d takes one example without a batch', async () => {
    const inputs = [tensor([1, 2], [1, 2]), tensor([1, -1], [1, 1, 2]), tensor([0.5])]
    expect(await evaluate(convTranspose1d, inputs, TRANSPOSED)).toEqual([1.5, 1.5, -1.5])
    expect(await gradientsOf(convTranspose1d, inputs, TRANSPOSED)).toEqual([[0, 0], [3, 3], [3]])
  })

  test('aten.conv_transpose1d has the slopes of finite differences where the output padding exceeds the stride', async () => {
    const attrs = { ...TRANSPOSED, outputPadding: [2], dilation: [3] }
    await expectSlopes(convTranspose1d, [wave([2, 2, 3]), wave([2, 2, 2], -1, 1, 1), wave([2])], attrs)
  })
})

describe('aten.conv_transpose2d', () => {
  test('aten.conv_transpose2d has the slopes of finite differences', async () => {
    const attrs = { stride: [2, 2], padding: [1, 1], outputPadding: [1, 0], groups: 1, dilation: [1, 1] }
    await expectSlopes(convTranspose2d, [wave([2, 2, 2, 2]), wave([2, 3, 3, 3], -1, 1, 1), wave([3])], attrs)
  })
})
