import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { relu } from '../ops/activation/relu.ts'
import { conv2d } from '../ops/convolution/conv.ts'
import { batchNorm } from '../ops/normalization/batch-norm.ts'
import { addDims, type Dims, symbol } from './dim.ts'
import { Graph, type GraphInput } from './graph.ts'
import { Node, Value } from './node.ts'
import { printGraph } from './print.ts'
import { withScope } from './scope.ts'

const batch = symbol('batch')
function input(name: string, kind: 'input' | 'state', ...shape: Dims): GraphInput {
  return { name, kind, value: new Value(float32(...shape)) }
}

function record(name: string, path: string, className: string, make: () => Node): Value {
  const node = withScope({ path, className, parent: undefined }, make)
  node.name = name
  const [value] = node.outputs
  if (value === undefined) throw new TypeError('expected an output')
  return value
}

function convNormRelu(): Graph {
  const x = input('x', 'input', batch, 1, 28, 28)
  const state = [
    input('features.0.weight', 'state', 8, 1, 3, 3),
    ...['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
      input(`features.1.${name}`, 'state', 8),
    ),
  ]
  const [weight = x, ...norm] = state
  const convolved = record('conv2d', 'features.0', 'Conv2d', () => {
    const attrs = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 }
    return new Node(conv2d, [x.value, weight.value, null], attrs)
  })
  const normalized = record('batch_norm', 'features.1', 'BatchNorm2d', () => {
    const attrs = { training: false, momentum: 0.1, eps: 1e-5 }
    return new Node(batchNorm, [convolved, ...norm.map(({ value }) => value)], attrs)
  })
  const result = record('relu', 'features.2', 'ReLU', () => new Node(relu, [normalized], {}))
  return new Graph(
    [...state, x],
    [convolved, normalized, result].flatMap(({ node }) => node ?? []),
    [result],
  )
}

describe('printGraph()', () => {
  test('printGraph() lists a convolution, batch norm and rectifier', () => {
    expect(printGraph(convNormRelu())).toMatchInlineSnapshot(`
      "graph of 1 input, 5 states, 3 nodes, 1 output

        x                        float32 [batch, 1, 28, 28]  input

        features.0.weight        float32 [8, 1, 3, 3]        state
        features.1.weight        float32 [8]                 state
        features.1.bias          float32 [8]                 state
        features.1.running_mean  float32 [8]                 state
        features.1.running_var   float32 [8]                 state

        conv2d                   float32 [batch, 8, 28, 28]  aten.conv2d(x, .weight, stride=[1, 1], padding=[1, 1], dilation=[1, 1], groups=1)                features.0 (Conv2d)
        batch_norm               float32 [batch, 8, 28, 28]  aten.batch_norm(conv2d, .weight, .bias, .running_mean, .running_var, momentum=0.1, eps=0.00001)  features.1 (BatchNorm2d)
        relu                     float32 [batch, 8, 28, 28]  aten.relu(batch_norm)                                                                            features.2 (ReLU)

        return relu"
    `)
  })

  test('printGraph() names outputs by their place, values without names by numbers, and strangers by a question mark', () => {
    const pair = fakeOperation('test.pair', {
      infer: () => [float32(), { shape: [addDims(batch, 1)], dtype: 'int64' }],
    })
    const x = new Value(float32())
    const halves = new Node(pair, [null, x, null], { approximate: 'tanh', dim: null, keepdim: false })
    halves.name = 'pair'
    const sum = new Node(fakeOperation('test.sum'), [...halves.outputs, new Value(float32())], {})
    const graph = new Graph([{ value: x, name: 'x', kind: 'input' }], [halves, sum], [...sum.outputs, x])
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "graph of 1 input, 0 states, 2 nodes, 2 outputs

        x     float32 []                     input

        pair  float32 [], int64 [batch + 1]  test.pair(none, x, approximate="tanh")
        %1    float32 []                     test.sum(pair, pair[1], ?)

        return %1, x"
    `)
  })

  test('printGraph() says which node updates a state', () => {
    const observe = fakeOperation('test.observe', { updates: () => [{ output: 0, input: 1 }] })
    const [x, range] = [input('x', 'input', 2), input('range', 'state', 2)]
    const node = new Node(observe, [x.value, range.value], {})
    node.name = 'observe'
    const lines = printGraph(new Graph([x, range], [node], [x.value])).split('\n')
    expect(lines[4]).toBe('  range    float32 [2]  state, updated by observe')
  })

  test('printGraph() lets one long line stand out instead of widening them all', () => {
    const x = input('x', 'input', batch)
    const long = new Node(fakeOperation('test.long'), [x.value], {
      values: Array.from({ length: 40 }, (_, i) => i),
    })
    const short = record('relu', '', 'Net', () => new Node(relu, [x.value], {}))
    const lines = printGraph(new Graph([x], [long, ...[short.node ?? long]], [short])).split('\n')
    expect(lines.at(-3)).toBe('  relu  float32 [batch]  aten.relu(x)  Net')
  })
})
