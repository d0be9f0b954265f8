import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { cat } from '../engine/combine-tensors.ts'
import { ones, randn, tensor } from '../engine/create-tensors.ts'
import { manualSeed } from '../engine/generator.ts'
import { recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import type { Tensor } from '../engine/tensor.ts'
import { formatDims } from '../ir/dim.ts'
import { fromValues } from '../tensor/from-values.ts'
import { exportModule } from './export-module.ts'
import type { GraphModule } from './graph-module.ts'
import { LogSigmoid, ReLU } from './layers/activations.ts'
import { BatchNorm2d } from './layers/batch-norm.ts'
import { Conv2d } from './layers/convolution.ts'
import { Dropout } from './layers/dropout.ts'
import { Linear } from './layers/linear.ts'
import { MultiheadAttention } from './layers/multihead-attention.ts'
import { GRU, LSTM } from './layers/recurrent.ts'
import { Sequential } from './layers/sequential.ts'
import { Module } from './module.ts'
import { nameGraph } from './node-names.ts'
import { Buffer, Parameter } from './parameter.ts'

type Ys = [Tensor, { q: Tensor }]

/** The model of scripts/goldens/make_export_names.py. */
class Net extends Module<[Tensor, Ys, Tensor], unknown> {
  readonly conv2d = new Conv2d(3, 4, 1)
  readonly bn = new BatchNorm2d(4)
  readonly drop = new Dropout(0.3)
  readonly abs = new Linear(4, 4)
  readonly ls = new LogSigmoid()
  readonly seq = new Sequential(new Linear(4, 4), new ReLU(), new Linear(4, 4))
  readonly seq_1 = new Linear(4, 4)
  readonly mul = new Parameter(fromValues('float32', [4], [1, 1, 1, 1]))
  readonly head = new Linear(4, 4, { bias: false })
  readonly relu_1 = new Buffer(fromValues('float32', [4], [1, 1, 1, 1]))

  constructor() {
    super()
    this.head.weight = this.abs.weight
  }

  override forward(input: Tensor, ys: Ys, add: Tensor): unknown {
    let x = this.drop(this.bn(this.conv2d(input)))
    x = x.abs().add(ys[0].sum()).add(ys[1].q.pow(2))
    x = this.ls(x.mean([2, 3])).slice(0, 0, 2)
    x = cat(x.chunk(2, 1), 1).mul(this.mul)
    x = x.relu().relu().add(this.relu_1).add(add)
    x = this.seq_1(this.seq(x))
    x = this.head(this.abs(x)).view([2, 2, 2]).flatten(1)
    return { y: x.rsub(1), z: [x.matmul(x.t()), x.round()] }
  }
}

const goldens = JSON.parse(
  readFileSync(new URL('../../test/goldens/export-names.json', import.meta.url), 'utf8'),
)
const inputs = () => [randn([2, 3, 4, 4]), [randn([3]), { q: randn([4, 4]) }], randn([4])] as const

afterAll(() => recorder.device.close())

/** Name, path and module of everything in a graph, as the goldens have them. */
function listing({ graph }: GraphModule): unknown[] {
  const names = nameGraph(graph)
  const nodes = graph.nodes.filter(({ op }) => op.name !== 'lowbit.assign')
  return [
    ...graph.inputs.map((input) => [names.get(input), input.name, null]),
    ...nodes.map(({ name, scope }) => [name, null, scope?.path]),
  ]
}

describe('exportModule()', () => {
  it.each([true, false])('names nodes, states and inputs as torch.export does (training: %s)', (training) => {
    const captured = exportModule(new Net().train(training), inputs())
    expect(listing(captured)).toEqual(goldens[training ? 'training' : 'evaluation'])
    expect(captured.training).toBe(training)
  })

  it('computes what the module computes, whatever the arrangement of inputs and outputs', async () => {
    const model = new Net().eval()
    const [x, ys, z] = inputs()
    const captured = exportModule(model, [x, ys, z])
    const [own, copy] = [model(x, [ys[0], ys[1]], z), captured(x, ys, z)]
    expect(await values(copy)).toEqual(await values(own))
    expect(Object.keys(Object(copy))).toEqual(['y', 'z'])
  })

  it('shares parameters with the module, under every name that they have', () => {
    const model = new Net()
    const captured = exportModule(model, inputs())
    expect(Object(captured).abs.weight).toBe(model.abs.weight)
    expect(Object(captured).head.weight).toBe(model.abs.weight)
    expect([...captured.parameters()]).toHaveLength([...model.parameters()].length)
  })

  it('reads a tied parameter under its last name', () => {
    const { graph } = exportModule(new Net(), inputs())
    const linear = graph.nodes.find(({ name }) => name === 'linear_3')
    expect(graph.inputs.find(({ value }) => value === linear?.inputs[1])?.name).toBe('head.weight')
  })

  it('leaves the module as it was, and nothing recorded', () => {
    const model = new Net()
    const before = model.bn.running_mean?.value
    exportModule(model, inputs())
    expect(model.bn.running_mean?.value).toBe(before)
    expect(recorder.assigned.size).toBe(0)
  })

  it('keeps sizes symbolic that may vary', async () => {
    const model = new Sequential(new Conv2d(1, 2, 3), new ReLU()).eval()
    const captured = exportModule(model, [randn([2, 1, 8, 8])], {
      dynamicShapes: [{ 0: 'batch', 2: 'height' }],
    })
    expect(captured.graph.nodes.map(({ outputs: [y] }) => formatDims(y?.shape ?? []))).toEqual([
      '[batch, 2, height - 2, 6]',
      '[batch, 2, height - 2, 6]',
    ])
    const x = randn([5, 1, 11, 8])
    expect(await values(captured(x))).toEqual(await values(model(x)))
  })

  it.each([
    [TypeError, { 0: 'batch' }, 'to be an array with an entry for each input, got object'],
    [RangeError, [null, { 0: 'batch' }], 'of at most 1 inputs, got 2'],
  ])(
    'refuses names of sizes that are not an array, or too long a one: %o %j',
    (Class, dynamicShapes, found) => {
      expect(() =>
        exportModule(new ReLU(), [randn([2, 3])], { dynamicShapes: Object(dynamicShapes) }),
      ).toThrow(new Class(`Cannot capture a model: expected dynamicShapes ${found}`))
    },
  )

  it('refuses names for axes that are not there', () => {
    expect(() => exportModule(new ReLU(), [randn([2, 3])], { dynamicShapes: [{ 2: 'width' }] })).toThrow(
      new RangeError('Cannot capture a model: expected axes in [-2, 2) in dynamicShapes[0], got 2'),
    )
  })

  it('makes tensors that a forward brings along buffers of the graph', async () => {
    class Shift extends Module {
      readonly by = tensor([1, 2])
      override forward(x: Tensor): Tensor {
        return x.add(this.by).add(tensor([10, 20]))
      }
    }
    const captured = exportModule(new Shift(), [ones([2])])
    expect(captured.graph.nodes.map(({ name }) => name)).toEqual([
      'lift_fresh_copy',
      'add',
      'lift_fresh_copy_1',
      'add_1',
    ])
    expect([...captured.namedBuffers()].map(([path]) => path)).toEqual(['lifted_tensor_0', 'lifted_tensor_1'])
    expect(await values(captured(ones([2])))).toEqual([Float32Array.of(12, 23)])
  })

  it('keeps results and arguments that are null', async () => {
    const model = new MultiheadAttention(4, 2).eval()
    const x = randn([3, 1, 4])
    class Attend extends Module<[Tensor, Tensor | null], readonly [Tensor, Tensor | null]> {
      readonly attention = model
      override forward(x: Tensor, keyPaddingMask: Tensor | null): readonly [Tensor, Tensor | null] {
        return this.attention(x, x, x, { needWeights: false, keyPaddingMask })
      }
    }
    const captured = exportModule(new Attend().eval(), [x, null])
    expect(captured.outputTree).toEqual([0, null])
    const [output, weights] = Object(captured(x, null))
    const [expected] = model(x, x, x, { needWeights: false })
    expect(weights).toBeNull()
    expect(await values(output)).toEqual(await values(expected))
    expect(() => captured(x, x)).toThrow(
      new TypeError('Cannot run the graph: expected null as input 1, got a tensor'),
    )
  })

  it('captures state that a forward assigns', async () => {
    class Counter extends Module {
      readonly count = new Buffer(fromValues('float32', [], [0]))
      override forward(x: Tensor): Tensor {
        this.count.assign(this.count.add(1))
        return x.mul(this.count)
      }
    }
    const captured = exportModule(new Counter().eval(), [ones([1])])
    expect(captured.graph.nodes.map(({ name }) => name)).toEqual(['add_', 'assign', 'mul'])
    captured(ones([1]))
    expect(await values(captured(ones([1])))).toEqual([Float32Array.of(2)])
  })

  it('refuses a forward that reads a value, and points to eager mode', () => {
    class Reader extends Module<[Tensor], Promise<Tensor>> {
      override async forward(x: Tensor): Promise<Tensor> {
        return (await x.relu().item()) > 0 ? x : x.neg()
      }
    }
    expect(() => exportModule(new Reader(), [ones([1])])).toThrow(
      new StateError(
        'Cannot capture a model with an async forward: expected one that only records\nHint: it runs in eager mode (ExecutionMode.EAGER)',
      ),
    )
  })
})

describe('a captured model that drops something', () => {
  class Attend extends Module {
    readonly attention = new MultiheadAttention(8, 2, { dropout: 0.5 })
    override forward(x: Tensor): Tensor {
      return this.attention(x, x, x, { needWeights: false })[0]
    }
  }
  class Recur extends Module {
    readonly cells: LSTM | GRU
    constructor(cells: LSTM | GRU) {
      super()
      this.cells = cells
    }
    override forward(x: Tensor): Tensor {
      return this.cells instanceof LSTM ? this.cells(x)[0] : this.cells(x)[0]
    }
  }
  const options = { numLayers: 2, dropout: 0.5 }

  it.each([
    ['Dropout', () => new Dropout(0.5)],
    ['LSTM', () => new Recur(new LSTM(8, 8, options))],
    ['GRU', () => new Recur(new GRU(8, 8, options))],
    ['MultiheadAttention', () => new Attend()],
  ])('draws anew at each call while it trains, and drops nothing while it evaluates: %s', async (_, make) => {
    const model = make()
    const x = randn([6, 3, 8])
    const captured = exportModule(model.train(), [x])
    expect([...captured.namedBuffers()]).toEqual([])
    const [first, second] = [await values(captured(x)), await values(captured(x))]
    expect(second).not.toEqual(first)
    manualSeed(5)
    const drawn = await values(captured(x))
    manualSeed(5)
    expect(await values(captured(x))).toEqual(drawn)
    captured.eval()
    expect(await values(captured(x))).toEqual(await values(model.eval()(x)))
    expect(await values(captured(x))).toEqual(await values(captured(x)))
  })
})

async function values(result: unknown): Promise<unknown[]> {
  if (Array.isArray(result)) return (await Promise.all(result.map(values))).flat()
  const tensors = 'data' in Object(result) ? [result as Tensor] : Object.values(Object(result))
  if (tensors[0] === result) return [await (result as Tensor).data()]
  return (await Promise.all(tensors.map(values))).flat()
}

it('GraphModule.trace() gives what each node computes by its name', async () => {
  const model = exportModule(new Sequential(new ReLU(), new LogSigmoid()), [tensor([-1, 2])])
  const values = model.trace(tensor([-1, 2]))
  expect([...values.keys()]).toEqual(['relu', 'log_sigmoid'])
  expect(await values.get('relu')?.array()).toEqual(fromValues('float32', [2], [0, 2]))
})
