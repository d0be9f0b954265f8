import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { eliminateDeadCode } from './dead-code.ts'
import { Node, Value } from './node.ts'

const one = fakeOperation('test.one')
const observe = fakeOperation('test.observe', {
  updates: ({ enabled }) => (enabled === true ? [{ output: 0, input: 1 }] : []),
})

describe('eliminateDeadCode()', () => {
  const [x, state] = [new Value(float32(2)), new Value(float32(2))]
  const used = new Node(one, [x], {})
  const read = new Node(one, used.outputs, {})
  const dead = new Node(one, used.outputs, {})
  const deader = new Node(one, dead.outputs, {})

  test('eliminateDeadCode() keeps what outputs need, in order', () => {
    expect(eliminateDeadCode([used, read, dead, deader], read.outputs)).toEqual([used, read])
    expect(eliminateDeadCode([used, read, dead, deader], [x])).toEqual([])
  })

  test('eliminateDeadCode() keeps nodes that update state, with what they read', () => {
    const observed = new Node(one, [x], {})
    const update = new Node(observe, [...observed.outputs, state], { enabled: true })
    expect(eliminateDeadCode([used, observed, update, dead], used.outputs)).toEqual([used, observed, update])
  })

  test('eliminateDeadCode() drops nodes that do not update their state with these arguments', () => {
    const idle = new Node(observe, [x, state], { enabled: false })
    expect(eliminateDeadCode([used, idle], used.outputs)).toEqual([used])
  })
})
