import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { Graph } from './graph.ts'
import { findMatches, type Match, type Mismatch, matchPattern, type NodePattern } from './match.ts'
import { Node, Value } from './node.ts'
import type { Operation } from './operation.ts'

const conv = fakeOperation('test.conv')
const norm = fakeOperation('test.norm')
const relu = fakeOperation('test.relu')
const relu6 = fakeOperation('test.relu6')
const add = fakeOperation('test.add')
const split = fakeOperation('test.split', { infer: () => [float32(2), float32(2)] })

const convNormRelu: NodePattern = {
  op: [relu, relu6],
  capture: 'result',
  operands: [
    {
      op: norm,
      operands: [
        {
          op: conv,
          capture: 'conv',
          operands: [
            { any: true, capture: 'x' },
            { any: true, capture: 'weight' },
            { optional: { any: true, capture: 'bias' } },
          ],
        },
      ],
    },
  ],
}

const [x, weight, bias] = [new Value(float32(2)), new Value(float32(2)), new Value(float32(2))]

function apply(op: Operation, ...inputs: (Value | null)[]) {
  const node = new Node(op, inputs, {})
  const [value = x] = node.outputs
  return { node, value }
}

function graphOf(nodes: readonly { readonly node: Node }[], ...outputs: Value[]): Graph {
  return new Graph(
    [x, weight, bias].map((value, i) => ({ value, name: `input${i}`, kind: 'input' as const })),
    nodes.map(({ node }) => node),
    outputs,
  )
}

function match(pattern: NodePattern, node: Node, graph: Graph): Match | Mismatch {
  return matchPattern(pattern, node, { users: graph.users(), outputs: graph.outputs })
}

function chain(...operands: (Value | null)[]) {
  const convolved = apply(conv, ...operands)
  const normalized = apply(norm, convolved.value, bias)
  const result = apply(relu, normalized.value)
  return { convolved, normalized, result, all: [convolved, normalized, result] }
}

describe('matchPattern()', () => {
  test('matchPattern() gives the nodes, outermost first, and the captured values', () => {
    const { convolved, normalized, result, all } = chain(x, weight, bias)
    const found = match(convNormRelu, result.node, graphOf(all, result.value))
    expect(found).toEqual({
      matched: true,
      nodes: [result.node, normalized.node, convolved.node],
      captures: new Map([
        ['result', result.value],
        ['conv', convolved.value],
        ['x', x],
        ['weight', weight],
        ['bias', bias],
      ]),
    })
  })

  test('matchPattern() takes an optional operand that is null or missing', () => {
    for (const operands of [
      [x, weight],
      [x, weight, null],
    ]) {
      const { result, all } = chain(...operands)
      const found = match(convNormRelu, result.node, graphOf(all, result.value))
      expect(found.matched && [...found.captures.keys()]).toEqual(['result', 'conv', 'x', 'weight'])
    }
  })

  test('matchPattern() says which operation it expected, and at which node', () => {
    const { normalized, all } = chain(x, weight)
    expect(match(convNormRelu, normalized.node, graphOf(all))).toEqual({
      matched: false,
      reason: 'expected test.relu or test.relu6, got test.norm',
      at: normalized.node,
    })
    const added = apply(add, x, x)
    const normalizedSum = apply(norm, added.value)
    const result = apply(relu, normalizedSum.value)
    expect(match(convNormRelu, result.node, graphOf([added, normalizedSum, result]))).toEqual({
      matched: false,
      reason: 'expected test.conv, got test.add',
      at: added.node,
    })
  })

  test('matchPattern() says that an operand is absent, an input, or a later output', () => {
    const bare = apply(conv, x)
    expect(
      match({ op: conv, operands: [{ any: true }, { any: true }] }, bare.node, graphOf([bare])),
    ).toMatchObject({
      reason: 'expected operand 1, got none',
      at: bare.node,
    })
    const direct = apply(relu, x)
    expect(match(convNormRelu, direct.node, graphOf([direct]))).toMatchObject({
      reason: 'expected operand 0 to be computed, got an input float32 [2]',
      at: direct.node,
    })
    const halves = new Node(split, [x], {})
    const second = apply(relu, halves.outputs[1] ?? null)
    const pattern: NodePattern = { op: relu, operands: [{ op: split }] }
    expect(match(pattern, second.node, graphOf([{ node: halves }, second]))).toMatchObject({
      reason: 'expected operand 0 to be a first output, got output 1',
      at: second.node,
    })
  })

  test('matchPattern() rejects a value between its nodes that is used outside', () => {
    const { convolved, result, all } = chain(x, weight)
    const other = apply(add, convolved.value, x)
    expect(match(convNormRelu, result.node, graphOf([...all, other], result.value, other.value))).toEqual({
      matched: false,
      reason: 'expected no use outside of the match, got a use by "test.add"',
      at: convolved.node,
    })
    expect(match(convNormRelu, result.node, graphOf(all, result.value, convolved.value))).toEqual({
      matched: false,
      reason: 'expected no use outside of the match, got an output of the graph',
      at: convolved.node,
    })
  })

  test('matchPattern() lets a shared value be used outside, and two matched nodes use one', () => {
    const source = apply(conv, x)
    const gate = apply(relu, source.value)
    const result = apply(add, source.value, gate.value)
    const outside = apply(norm, source.value)
    const inner = (shared: boolean): NodePattern => ({ op: conv, capture: 'source', shared })
    const pattern = (shared: boolean): NodePattern => ({
      op: add,
      operands: [inner(shared), { op: relu, operands: [inner(shared)] }],
    })
    const nodes = [source, gate, result]
    expect(match(pattern(false), result.node, graphOf(nodes, result.value))).toMatchObject({
      nodes: [result.node, source.node, gate.node],
    })
    expect(match(pattern(false), result.node, graphOf([...nodes, outside])).matched).toBe(false)
    expect(match(pattern(true), result.node, graphOf([...nodes, outside])).matched).toBe(true)
  })

  test('matchPattern() wants one value under one name', () => {
    const pattern: NodePattern = {
      op: add,
      operands: [
        { any: true, capture: 'x' },
        { any: true, capture: 'x' },
      ],
    }
    const [same, different] = [apply(add, x, x), apply(add, x, bias)]
    expect(match(pattern, same.node, graphOf([same])).matched).toBe(true)
    expect(match(pattern, different.node, graphOf([different]))).toMatchObject({
      reason: 'expected "x" to be one value everywhere, got another float32 [2]',
      at: different.node,
    })
  })

  test('matchPattern() compares arguments that the pattern names', () => {
    const node = new Node(conv, [x], { stride: [2, 2], groups: 1 })
    const graph = graphOf([{ node }])
    expect(match({ op: conv, attrs: { stride: [2, 2] } }, node, graph).matched).toBe(true)
    expect(match({ op: conv, attrs: { groups: 8 } }, node, graph)).toMatchObject({
      reason: 'expected groups=8, got 1',
    })
    expect(match({ op: conv, attrs: { padding: 'same' } }, node, graph)).toMatchObject({
      reason: 'expected padding="same", got null',
    })
  })

  test('matchPattern() tries both orders of a commutative operation', () => {
    const convolved = apply(conv, x)
    const sum = apply(add, bias, convolved.value)
    const operands = [{ op: conv }, { any: true, capture: 'other' }] as const
    const graph = graphOf([convolved, sum])
    expect(match({ op: add, operands }, sum.node, graph).matched).toBe(false)
    const found = match({ op: add, operands, commutative: true }, sum.node, graph)
    expect(found.matched && found.captures.get('other')).toBe(bias)
  })
})

describe('findMatches()', () => {
  test('findMatches() finds all places in order, and gives no node to two of them', () => {
    const first = chain(x, weight)
    const second = chain(first.result.value, weight)
    const graph = graphOf([...first.all, ...second.all], second.result.value)
    const results = findMatches(convNormRelu, graph).map(({ captures }) => captures.get('result'))
    expect(results).toEqual([first.result.value, second.result.value])
    const twice: NodePattern = { op: [norm, relu], operands: [{ op: [norm, conv] }] }
    expect(findMatches(twice, graph).map(({ nodes }) => nodes)).toEqual([
      [first.normalized.node, first.convolved.node],
      [second.normalized.node, second.convolved.node],
    ])
  })
})
