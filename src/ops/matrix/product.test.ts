import { describe, expect, test } from 'vitest'
import { evaluate, tensor } from '../../../test/evaluate.ts'
import { expectSlopes, wave } from '../../../test/finite-differences.ts'
import { runLowered } from '../../../test/run-lowered.ts'
import { Node, Value } from '../../ir/node.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { product } from './product.ts'

const A = [1, 2, 3, 4, 5, 6]
const B = [1, 0, 2, -1, 1, 3]
const FLAGS = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
)

describe('lowbit.matmul', () => {
  test('lowbit.matmul multiplies matrices, transposed where asked', async () => {
    const a = tensor(A, [2, 3])
    const b = tensor(B, [3, 2])
    const run = (x: typeof a, y: typeof b, transposeA: boolean, transposeB: boolean) =>
      evaluate(product, [x, y], { transposeA, transposeB })
    expect(await run(a, b, false, false)).toEqual([8, 7, 20, 13])
    expect(await run(tensor([1, 4, 2, 5, 3, 6], [3, 2]), b, true, false)).toEqual([8, 7, 20, 13])
    expect(await run(a, tensor([1, 2, 1, 0, -1, 3], [2, 3]), false, true)).toEqual([8, 7, 20, 13])
  })

  test.each(FLAGS)('lowbit.matmul has the slopes of finite differences: matrices, %o', async (attrs) => {
    const a = wave(attrs.transposeA ? [3, 2] : [2, 3])
    const b = wave(attrs.transposeB ? [2, 3] : [3, 2], -1, 1, 1)
    await expectSlopes(product, [a, b], attrs)
  })

  test.each(FLAGS)(
    'lowbit.matmul has the slopes of finite differences: batches that broadcast, %o',
    async (attrs) => {
      const a = wave(attrs.transposeA ? [2, 1, 3, 2] : [2, 1, 2, 3])
      const b = wave(attrs.transposeB ? [2, 1, 3] : [2, 3, 1], -1, 1, 1)
      await expectSlopes(product, [a, b], attrs)
    },
  )

  test.each(FLAGS)('lowbit.matmul computes the same without FusedMatMul: %o', async (attrs) => {
    const inputs = [
      new Value({ shape: attrs.transposeA ? [1, 3, 2] : [1, 2, 3], dtype: 'float32' }),
      new Value({ shape: attrs.transposeB ? [2, 2, 3] : [2, 3, 2], dtype: 'float32' }),
    ]
    const node = new Node(product, inputs, attrs)
    const request = {
      inputs: inputs.map((value, i) => ({ value, name: `i${i}` })),
      nodes: [node],
      outputs: node.outputs.map((value) => ({ value, name: 'y' })),
    }
    const data = inputs.map(({ shape }, i) => {
      const sizes = shape.map(Number)
      return fromValues('float32', sizes, (i === 0 ? A : [...B, ...A]).slice(0, i === 0 ? 6 : 12))
    })
    const [plain] = await runLowered(request, { i0: data[0] ?? wave([1]), i1: data[1] ?? wave([1]) })
    const capable = await evaluate(
      product,
      [tensor(A, data[0]?.shape), tensor([...B, ...A], data[1]?.shape)],
      attrs,
    )
    expect(plain?.y?.values).toEqual(capable)
  })
})
