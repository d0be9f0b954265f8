import { afterAll, describe, expect, test } from 'vitest'
import { noGrad, recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import { fromHost } from '../engine/tensor.ts'
import { fromTypedArray } from '../tensor/from-typed-array.ts'
import { Random } from '../tensor/random.ts'
import { exportModule } from './export-module.ts'
import * as F from './functional/index.ts'
import type { GraphModule } from './graph-module.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { ScaledConvolutions } from './scaled-convolutions.ts'

afterAll(() => recorder.close())

const random = new Random(3)
const host = (...shape: number[]) =>
  fromTypedArray(
    random.uniform(shape.reduce((a, b) => a * b, 1)).map((value) => value + 0.5),
    shape,
  )

/** What a convolution with a batch norm becomes for training with quantized weights, without the batch norm. */
class Scaled extends Module {
  readonly weight: Parameter = new Parameter(host(4, 3, 3, 3))
  readonly bias: Parameter = new Parameter(host(4))
  readonly scale: Parameter = new Parameter(host(4))
  readonly #shifts: boolean
  readonly #reads: boolean

  constructor(shifts: boolean, reads = false) {
    super()
    this.#shifts = shifts
    this.#reads = reads
  }

  override forward(x: Tensor): Tensor {
    const column = (value: Tensor) => value.reshape([1, -1, 1, 1])
    const convolved = F.conv2d(x, this.weight, null, { padding: 1 })
    const divided = convolved.div(column(this.scale))
    const shifted = this.#shifts ? divided.add(column(this.bias)) : divided
    return this.#reads ? shifted.add(convolved) : shifted
  }
}

function graphOf(shifts: boolean, reads = false): GraphModule {
  return exportModule(new Scaled(shifts, reads), [fromHost(host(2, 3, 5, 5))])
}

function insideOf({ graph }: GraphModule): string[] {
  const scaled = new ScaledConvolutions(graph)
  return graph.nodes.flatMap((node) => (scaled.isInside(node) ? [node.name] : []))
}

describe('ScaledConvolutions', () => {
  test('ScaledConvolutions finds convolutions that are only read to be scaled and shifted', async () => {
    expect(insideOf(graphOf(false))).toEqual(['conv2d'])
    expect(insideOf(graphOf(true))).toEqual(['conv2d', 'div'])
    expect(insideOf(graphOf(true, true))).toEqual([])
  })

  test.each([false, true])(
    'a GraphModule in training gives the values and gradients of its nodes (shifted: %s)',
    async (shifts) => {
      const model = graphOf(shifts)
      const x = fromHost(host(2, 3, 5, 5))
      const results = async (run: () => Tensor) => {
        for (const parameter of model.parameters()) parameter.grad = null
        const y = run()
        y.mul(y).sum().backward()
        const grads = Array.from(model.parameters(), ({ grad }) => grad)
        return Promise.all(
          [y, ...grads].map(async (tensor) =>
            tensor === null ? [] : Array.from(await tensor.data(), Number),
          ),
        )
      }
      const fused = await results(() => model.train()(x) as Tensor)
      const plain = await results(() => model.eval()(x) as Tensor)
      expect(fused.map(({ length }) => length)).toEqual(plain.map(({ length }) => length))
      for (const [i, values] of fused.entries()) {
        const expected = plain[i] ?? []
        const largest = Math.max(...expected.map(Math.abs))
        const errors = values.map((value, k) => Math.abs(value - (expected[k] ?? 0)) / largest)
        expect(Math.max(...errors, 0)).toBeLessThan(1e-5)
      }
      const traced = noGrad(() => model.train().trace(x))
      expect([...traced.keys()]).toContain('conv2d')
    },
  )
})
