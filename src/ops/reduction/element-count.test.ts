import { expect, test } from 'vitest'
import { runLowered } from '../../../test/run-lowered.ts'
import { n } from '../../../test/symbolic-inference.ts'
import type { Attributes } from '../../ir/attributes.ts'
import { collectNodes } from '../../ir/graph.ts'
import { emit, Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { dividedByCount, reducedCount } from './element-count.ts'
import { mean } from './mean.ts'
import { variance } from './var.ts'

const x = new Value({ shape: [n, 2], dtype: 'float32' })
const DATA = fromValues('float32', [3, 2], [1, 2, 3, 4, 5, 9])

async function valuesOf(value: Value): Promise<readonly (number | bigint)[]> {
  const [result] = await runLowered(
    { inputs: [{ value: x, name: 'x' }], nodes: collectNodes([value]), outputs: [{ value, name: 'y' }] },
    { x: DATA },
  )
  return result?.y?.values ?? []
}

/** What an operation makes of its own output as the gradient. */
function gradientUnderOutput<A extends Attributes>(op: Operation<A>, attrs: A): Value {
  const y = emit(op, [x], attrs)
  if (typeof op.gradient !== 'function') throw new TypeError('expected a gradient')
  const [gradient] = op.gradient({ inputs: [x], outputs: [y], gradients: [y], attrs, needs: () => true })
  if (!gradient) throw new TypeError('expected a gradient')
  return gradient
}

test('reducedCount() is a number, or an expression over named sizes', () => {
  expect(reducedCount('aten.mean', [4, 3], { dim: [1], keepdim: false })).toBe(3)
  expect(String(reducedCount('aten.mean', [n, 3], { dim: null, keepdim: false }))).toBe('3*n')
})

test('dividedByCount() divides by a size that is known when the graph runs', async () => {
  expect(await valuesOf(dividedByCount(emit(mean, [x], { dim: [0], keepdim: false }), n))).toEqual([
    1,
    Math.fround(5 / 3),
  ])
})

test('aten.var and its gradient work with a symbolic number of elements', async () => {
  const attrs = { dim: [0], keepdim: false, correction: 1 }
  expect(await valuesOf(emit(variance, [x], attrs))).toEqual([4, 13])
  // The gradient under y itself: y * 2 / (n - 1) * (x - mean).
  expect(await valuesOf(gradientUnderOutput(variance, attrs))).toEqual([-8, -39, 0, -13, 8, 52])
})

test('aten.mean and its gradient work with a symbolic number of elements', async () => {
  const attrs = { dim: [0], keepdim: false }
  expect(await valuesOf(emit(mean, [x], attrs))).toEqual([3, 5])
  const third = Math.fround(5 / 3)
  expect(await valuesOf(gradientUnderOutput(mean, attrs))).toEqual([1, third, 1, third, 1, third])
})
