import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { collectNodes, Graph } from './graph.ts'
import { emit, Node, Value } from './node.ts'

const one = fakeOperation('test.one')
const two = fakeOperation('test.two')

function input(): Value {
  return new Value(float32(2))
}

function nodeOf(value: Value): Node {
  if (value.node === null) throw new TypeError('expected a computed value')
  return value.node
}

describe('collectNodes()', () => {
  test('collectNodes() gives what outputs need, once each, in recorded order', () => {
    const x = input()
    const a = emit(one, [x], {})
    const unused = emit(one, [a], {})
    const b = emit(two, [a, a], {})
    expect(collectNodes([b, a])).toEqual([nodeOf(a), nodeOf(b)])
    expect(collectNodes([b])).not.toContain(nodeOf(unused))
  })

  test('collectNodes() does not go behind a leaf', () => {
    const a = emit(one, [input()], {})
    const b = emit(two, [a], {})
    expect(collectNodes([b], (value) => value === a)).toEqual([nodeOf(b)])
    expect(collectNodes([a], (value) => value === a)).toEqual([])
  })

  test('collectNodes() walks a chain of 100,000 nodes', () => {
    let value = input()
    for (let i = 0; i < 100_000; i++) value = emit(one, [value], {})
    expect(collectNodes([value])).toHaveLength(100_000)
  })
})

describe('Graph', () => {
  test('Graph.users() lists the readers of each value, twice where one reads it twice', () => {
    const x = input()
    const a = emit(one, [x], {})
    const b = emit(two, [a, a], {})
    const c = emit(two, [b, a, null], {})
    const graph = new Graph([{ value: x, name: 'x', kind: 'input' }], [a, b, c].map(nodeOf), [c])
    const users = graph.users()
    expect(users.get(a)).toEqual([nodeOf(b), nodeOf(b), nodeOf(c)])
    expect(users.get(x)).toEqual([nodeOf(a)])
    expect(users.get(c)).toBeUndefined()
  })

  test('Graph.replace() redirects readers and outputs, but for the excepted nodes', () => {
    const x = input()
    const a = emit(one, [x], {})
    const b = emit(two, [a, a], {})
    const inserted = new Node(one, [a], {})
    const [to = a] = inserted.outputs
    const graph = new Graph(
      [{ value: x, name: 'x', kind: 'input' }],
      [nodeOf(a), inserted, nodeOf(b)],
      [b, a],
    )
    graph.replace(a, to, new Set([inserted]))
    expect(nodeOf(b).inputs).toEqual([to, to])
    expect(inserted.inputs).toEqual([a])
    expect(graph.outputs).toEqual([b, to])
  })
})
