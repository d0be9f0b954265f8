import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evaluate, gradientsOf, numbers, tensor } from '../../../test/evaluate.ts'
import { runLowered } from '../../../test/run-lowered.ts'
import { recorder } from '../../engine/recorder.ts'
import { emit, type Node, Value } from '../../ir/node.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { sizeOf } from '../../tensor/shape.ts'
import { maxPool1d, maxPool2d } from './max-pool.ts'
import { maxPoolGradient } from './max-pool-gradient.ts'

const HALF = { kernelSize: [2, 2], stride: [2, 2], padding: [0, 0], dilation: [1, 1], ceilMode: false }

/** Small whole numbers, so that windows hold many equal maxima. */
function rough(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.round(Math.sin(1.7 * i * i + seed) * 2))
}

interface Pool {
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly attrs: typeof HALF
}

/** The gradient of a two-dimensional max pool by its definition. */
function naiveGradient({ x, y, attrs }: Pool, data: readonly number[], grad: readonly number[]): number[] {
  const [height = 1, width = 1] = x.slice(2)
  const [rows = 1, columns = 1] = y.slice(2)
  const [kernelHeight = 1, kernelWidth = 1] = attrs.kernelSize
  const found = new Array<number>(data.length).fill(0)
  for (const [i, share] of grad.entries()) {
    const plane = Math.floor(i / (rows * columns)) * height * width
    const top = (Math.floor(i / columns) % rows) * (attrs.stride[0] ?? 1) - (attrs.padding[0] ?? 0)
    const left = (i % columns) * (attrs.stride[1] ?? 1) - (attrs.padding[1] ?? 0)
    let best = -1
    for (let tap = 0; tap < kernelHeight * kernelWidth; tap++) {
      const row = top + Math.floor(tap / kernelWidth) * (attrs.dilation[0] ?? 1)
      const column = left + (tap % kernelWidth) * (attrs.dilation[1] ?? 1)
      if (row < 0 || column < 0 || row >= height || column >= width) continue
      const at = plane + row * width + column
      if (best < 0 || (data[at] ?? 0) > (data[best] ?? 0)) best = at
    }
    found[best] = (found[best] ?? 0) + share
  }
  return found
}

const poolAxis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 6, max: 9 }),
    pads: fc.boolean(),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ kernel, stride, size, pads, dilation }) => ({
    kernel,
    stride,
    size,
    dilation,
    padding: pads ? Math.floor((dilation * (kernel - 1) + 1) / 2) : 0,
  }))

const tiledAxis = fc
  .record({ kernel: fc.integer({ min: 1, max: 3 }), count: fc.integer({ min: 1, max: 3 }) })
  .map(({ kernel, count }) => ({
    kernel,
    stride: kernel,
    size: kernel * count,
    dilation: 1,
    padding: 0,
  }))

const pools = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.constantFrom(1, 4, 20),
    ceilMode: fc.boolean(),
    axes: fc.oneof(fc.tuple(poolAxis, poolAxis), fc.tuple(tiledAxis, tiledAxis)),
  })
  .map(({ batch, channels, ceilMode, axes }): Pool => {
    const attrs = {
      kernelSize: axes.map(({ kernel }) => kernel),
      stride: axes.map(({ stride }) => stride),
      padding: axes.map(({ padding }) => padding),
      dilation: axes.map(({ dilation }) => dilation),
      ceilMode,
    }
    const x = [batch, channels, ...axes.map(({ size }) => size)]
    const [type] = maxPool2d.infer([{ shape: x, dtype: 'float32' }], attrs)
    return { x, y: (type?.shape ?? []).map(Number), attrs }
  })

describe('lowbit.max_pool_gradient', () => {
  test("lowbit.max_pool_gradient gives a window's gradient to the first of its largest elements", async () => {
    await fc.assert(
      fc.asyncProperty(pools, async (pool) => {
        const data = rough(sizeOf(pool.x), 1)
        const grad = rough(sizeOf(pool.y), 2)
        const found = await evaluate(
          maxPoolGradient,
          [tensor(data, pool.x), tensor(grad, pool.y)],
          pool.attrs,
        )
        expect(found.map((value) => value + 0)).toEqual(naiveGradient(pool, data, grad))
      }),
      { numRuns: 40, seed: 1 },
    )
  })

  test('lowbit.max_pool_gradient computes the same without the blocked layout', async () => {
    const pool = { x: [2, 4, 6, 4], y: [2, 4, 3, 2], attrs: HALF }
    const [data, grad] = [rough(sizeOf(pool.x), 1), rough(sizeOf(pool.y), 2)]
    const inputs = [pool.x, pool.y].map((shape) => new Value({ shape, dtype: 'float32' }))
    const y = emit(maxPoolGradient, inputs, HALF)
    const nodes: Node[] = y.node ? [y.node] : []
    await recorder.device.ready
    for (const capabilities of [new Set<never>(), recorder.device.capabilities]) {
      const request = {
        inputs: inputs.map((value, i) => ({ value, name: `i${i}` })),
        nodes,
        outputs: [{ value: y, name: 'y' }],
        capabilities,
      }
      const feeds = { i0: fromValues('float32', pool.x, data), i1: fromValues('float32', pool.y, grad) }
      const [result] = await runLowered(request, feeds)
      expect(result?.y?.values.map((value) => Number(value) + 0)).toEqual(naiveGradient(pool, data, grad))
    }
  })

  test('lowbit.max_pool_gradient writes padding out that is as wide as the kernel', async () => {
    const attrs = { kernelSize: [2], stride: [1], padding: [2], dilation: [3], ceilMode: false }
    const inputs = [tensor([3, 1, 2, 4], [1, 1, 4])]
    expect(await evaluate(maxPool1d, inputs, attrs)).toEqual([1, 2, 4, 1, 2])
    expect(await gradientsOf(maxPool1d, inputs, attrs, [1, 2, 3, 4, 5])).toEqual([[0, 5, 7, 3]])
  })
})

describe('aten.max_pool1d', () => {
  test('aten.max_pool1d takes one example without a batch', async () => {
    const attrs = { kernelSize: [2], stride: [2], padding: [0], dilation: [1], ceilMode: false }
    const inputs = [tensor([1, 2, 2, 2, 4, 3, 5, 5], [2, 4])]
    expect(await evaluate(maxPool1d, inputs, attrs)).toEqual([2, 2, 4, 5])
    expect(await gradientsOf(maxPool1d, inputs, attrs)).toEqual([[0, 1, 1, 0, 1, 0, 1, 0]])
    expect(await numbers(tensor([0]))).toEqual([0])
  })
})
