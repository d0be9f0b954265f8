import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { collectNodes } from './graph.ts'
import { emit, type Node, Value } from './node.ts'
import { substitute } from './substitute.ts'

const one = fakeOperation('test.one')
const two = fakeOperation('test.two')

describe('substitute()', () => {
  const x = new Value(float32(2))
  const a = emit(one, [x], {})
  const b = emit(two, [a, x], {})
  const c = emit(one, [b, a], { k: 1 })
  const nodes = collectNodes([c])

  test('substitute() makes readers read the replacement, and readers of readers the new nodes', () => {
    const to = emit(two, [x], {})
    const result = substitute([...collectNodes([to]), ...nodes], [c, a], new Map([[a, to]]))
    const [, first, second, third] = result.nodes
    expect(first).toBe(a.node)
    expect(second).toMatchObject({ op: two, inputs: [to, x] })
    expect(third).toMatchObject({ op: one, inputs: [second?.outputs[0], to], attrs: { k: 1 } })
    expect(result.outputs).toEqual([third?.outputs[0], to])
  })

  test('substitute() leaves the given nodes as they are, and keeps those that nothing changes for', () => {
    const to = new Value(float32(2))
    const result = substitute(nodes, [c], new Map([[b, to]]))
    expect(result.nodes.slice(0, 2)).toEqual(nodes.slice(0, 2))
    expect(c.node?.inputs).toEqual([b, a])
    expect(result.outputs[0]?.node?.inputs).toEqual([to, a])
  })

  test('substitute() copies what a node is known by', () => {
    const last: Node | undefined = nodes.at(-1)
    if (last !== undefined) Object.assign(last, { name: 'one_1', differentiable: false })
    const { nodes: changed } = substitute(nodes, [c], new Map([[a, x]]))
    expect(changed.at(-1)).toMatchObject({ name: 'one_1', differentiable: false })
  })
})
