import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { eliminateCommonSubexpressions } from './common-subexpressions.ts'
import { collectNodes } from './graph.ts'
import { emit, emitAll, Value as Input, type Value } from './node.ts'
import { withScope } from './scope.ts'

const one = fakeOperation('test.one')
const two = fakeOperation('test.two')
const pair = fakeOperation('test.pair', { infer: () => [float32(2), float32(2)] })

function simplify(...outputs: Value[]) {
  const result = eliminateCommonSubexpressions(collectNodes(outputs), outputs)
  return { ...result, ops: result.nodes.map(({ op }) => op.name) }
}

describe('eliminateCommonSubexpressions()', () => {
  const x = new Input(float32(2))

  test('eliminateCommonSubexpressions() merges twins, and what becomes twins thereby', () => {
    const [a, b] = [emit(one, [x], {}), emit(one, [x], {})]
    const [c, d] = [emit(two, [a], { k: [1] }), emit(two, [b], { k: [1] })]
    const { ops, outputs } = simplify(c, d)
    expect(ops).toEqual(['test.one', 'test.two'])
    expect(outputs).toEqual([c, c])
  })

  test('eliminateCommonSubexpressions() keeps apart what differs in operation, operands or their order', () => {
    const [a, b] = [emit(one, [x], {}), emit(two, [x], {})]
    const results = [
      emit(two, [a, b], {}),
      emit(two, [b, a], {}),
      emit(two, [a, null, b], {}),
      emit(two, [a], {}),
    ]
    const { nodes, outputs } = simplify(...results)
    expect(nodes).toHaveLength(6)
    expect(outputs).toEqual(results)
  })

  test('eliminateCommonSubexpressions() keeps apart attributes that only look alike', () => {
    const values = [0, -0, Number.NaN, null, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '0']
    const results = values.map((fillValue) => emit(one, [x], { fillValue }))
    expect(simplify(...results).nodes).toHaveLength(values.length)
  })

  test('eliminateCommonSubexpressions() keeps apart nodes that gradients flow through and others', () => {
    const [a, b] = [emit(one, [x], {}), emit(one, [x], {})]
    if (b.node) b.node.differentiable = false
    expect(simplify(a, b).nodes).toHaveLength(2)
  })

  test('eliminateCommonSubexpressions() redirects every output of a node', () => {
    const [a, b] = emitAll(pair, [x], {})
    const [c, d] = emitAll(pair, [x], {})
    const { nodes, outputs } = simplify(...[a, b, c, d].flatMap((value) => value ?? []))
    expect(nodes).toHaveLength(1)
    expect(outputs).toEqual([a, b, a, b])
  })

  test('eliminateCommonSubexpressions() leaves the given nodes as they are, and copies what they are known by', () => {
    const [a, b] = [emit(one, [x], {}), emit(one, [x], {})]
    const scope = { path: 'head', className: 'Linear', parent: undefined }
    const c = withScope(scope, () => emit(two, [a, b], { k: 1 }))
    if (c.node) Object.assign(c.node, { name: 'two_1', differentiable: false })
    const [, copy] = simplify(c).nodes
    expect(c.node?.inputs).toEqual([a, b])
    expect(copy).not.toBe(c.node)
    expect(copy).toMatchObject({
      inputs: [a, a],
      attrs: { k: 1 },
      name: 'two_1',
      differentiable: false,
      scope,
    })
  })
})
