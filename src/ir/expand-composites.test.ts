import { expect, test } from 'vitest'
import { glu } from '../ops/activation/gated.ts'
import { mul } from '../ops/elementwise/mul.ts'
import { argsort, topk } from '../ops/reduction/top-k.ts'
import { expandComposites } from './expand-composites.ts'
import { collectNodes } from './graph.ts'
import { emit, Value } from './node.ts'

const x = new Value({ shape: [2, 6], dtype: 'float32' })
const namesOf = (value: Value) => {
  const { nodes, outputs } = expandComposites(collectNodes([value]), [value])
  return { names: nodes.map(({ op }) => op.name), output: outputs[0], last: nodes.at(-1)?.outputs[0] }
}

test('expandComposites() puts what an operation is composed of in its place, and its readers after it', () => {
  const { names, output, last } = namesOf(emit(mul, [emit(glu, [x], { dim: 1 })], { other: 2 }))
  expect(names).toEqual(['aten.slice', 'aten.slice', 'aten.sigmoid', 'aten.mul', 'aten.mul'])
  expect(output).toBe(last)
})

test('expandComposites() goes down to what is not composed', () => {
  const { names } = namesOf(emit(argsort, [x], { dim: 1, descending: false }))
  expect(names).toEqual([topk.name])
})

test('expandComposites() leaves a graph without composites as it is', () => {
  const y = emit(mul, [x], { other: 2 })
  const nodes = collectNodes([y])
  const outputs = [y]
  expect(expandComposites(nodes, outputs)).toEqual({ nodes, outputs })
})
