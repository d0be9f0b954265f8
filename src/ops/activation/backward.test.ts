import { describe, expect, test } from 'vitest'
import { evaluate, gradientsOf, slopes, tensor } from '../../../test/evaluate.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Operation } from '../../ir/operation.ts'
import { celu, elu, selu } from './elu.ts'
import { eluBackward } from './elu-backward.ts'
import { gelu, geluBackward } from './gelu.ts'
import { hardswish, hardswishBackward } from './hardswish.ts'
import { leakyRelu, leakyReluBackward } from './leaky-relu.ts'
import { mish, mishBackward } from './mish.ts'

/** Away from -3, 0 and 3, where some of the functions have a kink. */
const X = [-12, -7.5, -3.2, -2.9, -1.1, -0.3, -0.05, 0.05, 0.7, 1.9, 2.8, 3.3, 9, 12]
const G = X.map((_, i) => 1 - i / 4)

/** The operation that computes a gradient, the function it belongs to, and whether it reads the function's output instead of its input. */
interface Pair {
  readonly backward: Operation
  readonly of: Operation
  readonly attrs: Attributes
  readonly ofAttrs?: Attributes
  readonly readsOutput?: boolean
}

function pair<A extends Attributes>(of: Operation<A>, backward: Operation<A>, attrs: A): Pair {
  return { of, backward, attrs }
}

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805, inputScale: 1 }

const PAIRS: readonly Pair[] = [
  pair(gelu, geluBackward, { approximate: 'none' }),
  pair(gelu, geluBackward, { approximate: 'tanh' }),
  pair(mish, mishBackward, {}),
  pair(hardswish, hardswishBackward, {}),
  pair(leakyRelu, leakyReluBackward, { negativeSlope: 0.2 }),
  pair(leakyRelu, leakyReluBackward, { negativeSlope: 1.5 }),
  pair(leakyRelu, leakyReluBackward, { negativeSlope: -0.5 }),
  { ...pair(elu, eluBackward, { alpha: 1, scale: 1, inputScale: 1 }), readsOutput: true },
  { ...pair(elu, eluBackward, { alpha: 1.5, scale: 2, inputScale: 0.5 }), readsOutput: true },
  { ...pair(selu, eluBackward, SELU), ofAttrs: {}, readsOutput: true },
  {
    of: celu,
    backward: eluBackward,
    attrs: { alpha: 2, scale: 1, inputScale: 0.5 },
    ofAttrs: { alpha: 2 },
    readsOutput: true,
  },
]

describe('gradients of activations', () => {
  test.each(
    PAIRS.map(
      ({ backward, of, attrs, ...rest }) =>
        [backward.name, of.name, attrs, { backward, of, attrs, ...rest }] as const,
    ),
  )(
    '%s agrees with finite differences of %s %o',
    async (_name, _of, _attrs, { backward, of, attrs, ofAttrs, readsOutput }) => {
      const forward = await evaluate(of, [tensor(X)], ofAttrs ?? attrs)
      const given = await evaluate(backward, [tensor(G), tensor(readsOutput ? forward : X)], attrs)
      const expected = await slopes(of, X, ofAttrs ?? attrs)
      for (const [i, value] of given.entries()) {
        expect(value, `at ${X[i]}`).toBeCloseTo((expected[i] ?? 0) * (G[i] ?? 0), 3)
      }
    },
  )
})

test('lowbit.leaky_relu_backward is linear in the gradient', async () => {
  const attrs = { negativeSlope: 0.25 }
  const [g] = await gradientsOf(leakyReluBackward, [tensor([7, 7]), tensor([-1, 1])], attrs, [4, 4])
  expect(g).toEqual([1, 4])
})

test('aten.mish keeps its digits where the exponential leaves float32', async () => {
  const far = [-200, -90, 25, 90, 200]
  expect(await evaluate(mish, [tensor(far)], {})).toEqual(
    [-0, -0, 25, 90, 200].map((y) => expect.closeTo(y, 5)),
  )
  expect(await evaluate(mishBackward, [tensor(far.map(() => 1)), tensor(far)], {})).toEqual(
    [0, 0, 1, 1, 1].map((slope) => expect.closeTo(slope, 5)),
  )
})
