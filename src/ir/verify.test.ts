import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { symbol } from './dim.ts'
import { Graph, type GraphInput } from './graph.ts'
import { Node, Value } from './node.ts'
import { verifyGraph } from './verify.ts'

const one = fakeOperation('test.one')
const update = fakeOperation('test.update', { updates: () => [{ output: 0, input: 1 }] })

function state(name: string, value: Value): GraphInput {
  return { name, value, kind: 'state' }
}

/** x -> one -> one_1, with a state beside. */
function parts() {
  const [x, scale] = [new Value(float32(2)), new Value(float32(2))]
  const inputs: GraphInput[] = [{ name: 'x', value: x, kind: 'input' }, state('scale', scale)]
  const first = named(new Node(one, [x], {}), 'one')
  const second = named(new Node(one, first.outputs, {}), 'one_1')
  return { x, scale, inputs, first, second }
}

function named(node: Node, name: string): Node {
  node.name = name
  return node
}

function outputOf({ outputs }: Node): Value {
  const [value] = outputs
  if (value === undefined) throw new TypeError('expected an output')
  return value
}

function problem(inputs: readonly GraphInput[], nodes: readonly Node[], outputs: readonly Value[]): string {
  try {
    verifyGraph(new Graph(inputs, nodes, outputs))
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
  return 'none'
}

describe('verifyGraph()', () => {
  const { x, scale, inputs, first, second } = parts()

  test('verifyGraph() takes a legal graph', () => {
    expect(problem(inputs, [first, second], [...second.outputs, x])).toBe('none')
    expect(problem(inputs, [named(new Node(update, [x, scale], {}), 'update')], [])).toBe('none')
  })

  test('verifyGraph() C1: rejects an input that a node computes, and one given twice', () => {
    expect(problem([state('y', outputOf(first))], [], [])).toBe(
      'Cannot use the graph at "y": expected inputs that no node computes, each once, got an output of "one" (C1)',
    )
    expect(problem([...inputs, state('again', x)], [], [])).toBe(
      'Cannot use the graph at "again": expected inputs that no node computes, each once, got the value of an earlier input (C1)',
    )
  })

  test('verifyGraph() C2: rejects names that are taken', () => {
    const twin = named(new Node(one, [x], {}), 'one')
    expect(problem(inputs, [first, twin], [])).toBe(
      'Cannot use the graph at "one": expected inputs and nodes with names of their own, got a name that is taken (C2)',
    )
  })

  test('verifyGraph() C2: takes nodes without names', () => {
    expect(problem(inputs, [new Node(one, [x], {}), new Node(one, [x], {})], [])).toBe('none')
  })

  test('verifyGraph() C3: rejects a node that stands twice', () => {
    const unnamed = new Node(one, [x], {})
    expect(problem(inputs, [unnamed, unnamed], [])).toBe(
      'Cannot use the graph at "test.one": expected every node once, got it again (C3)',
    )
  })

  test('verifyGraph() C4: rejects outputs that belong to another node', () => {
    const thief = named(new Node(one, [x], {}), 'thief')
    Object.assign(thief, { outputs: first.outputs })
    expect(problem(inputs, [first, thief], [])).toBe(
      'Cannot use the graph at "thief": expected outputs that know their node and place, got an output 0 that belongs elsewhere (C4)',
    )
  })

  test('verifyGraph() C5: rejects an input that is computed later, or not at all', () => {
    expect(problem(inputs, [second, first], [])).toBe(
      'Cannot use the graph at "one_1": expected inputs that are computed before, got output 0 of "one" as input 0 (C5)',
    )
    const foreign = named(new Node(one, [null, new Value(float32(7))], {}), 'foreign')
    expect(problem(inputs, [foreign], [])).toBe(
      'Cannot use the graph at "foreign": expected inputs that are computed before, got a foreign input float32 [7] as input 1 (C5)',
    )
  })

  test('verifyGraph() C6: rejects types that inference does not give', () => {
    const wide = new Value(float32(5))
    const rewired = named(new Node(one, [x], {}), 'rewired')
    rewired.inputs[0] = wide
    expect(problem([...inputs, state('wide', wide)], [rewired], [])).toBe(
      'Cannot use the graph at "rewired": expected output types as inference gives them, got float32 [2] where inference gives float32 [5] (C6)',
    )
  })

  test('verifyGraph() C6: rejects inputs that the operation does not take', () => {
    const strict = fakeOperation('test.strict', {
      infer([type]) {
        if (type?.shape.length === 1) return [type]
        throw new ShapeError('Cannot record "test.strict": expected rank 1')
      },
    })
    const scalar = new Value(float32())
    const rewired = new Node(strict, [x], {})
    rewired.inputs[0] = scalar
    expect(problem([...inputs, state('scalar', scalar)], [rewired], [])).toBe(
      'Cannot use the graph at "test.strict": expected output types as inference gives them, got float32 [2] where inference gives an error: Cannot record "test.strict": expected rank 1 (C6)',
    )
  })

  test('verifyGraph() C7: rejects a symbolic size that no input has', () => {
    const grow = fakeOperation('test.grow', { infer: () => [float32(symbol('t'))] })
    expect(problem(inputs, [named(new Node(grow, [x], {}), 'grow')], [])).toBe(
      'Cannot use the graph at "grow": expected sizes made of symbols that inputs have, got the symbol "t" (C7)',
    )
  })

  test('verifyGraph() C8: rejects an update of what is no state, or of another type', () => {
    expect(problem(inputs, [named(new Node(update, [scale, x], {}), 'update')], [])).toBe(
      'Cannot use the graph at "update": expected updates of states with values of their types, got an update of input 1, which is no state (C8)',
    )
    const wide = new Value(float32(5))
    expect(
      problem([...inputs, state('wide', wide)], [named(new Node(update, [x, wide], {}), 'update')], []),
    ).toBe(
      'Cannot use the graph at "update": expected updates of states with values of their types, got float32 [2] for float32 [5] (C8)',
    )
  })

  test('verifyGraph() C9: rejects an output that nothing computes', () => {
    expect(problem(inputs, [first], second.outputs)).toBe(
      'Cannot use the graph at "output 0": expected outputs that are inputs or computed, got output 0 of "one_1" (C9)',
    )
  })
})
