import { afterAll, describe, expect, test } from 'vitest'
import { engineStats } from '../engine/engine.ts'
import { manualSeed } from '../engine/generator.ts'
import { recorder } from '../engine/recorder.ts'
import type { Tensor } from '../engine/tensor.ts'
import { fromValues } from '../tensor/from-values.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { ArrayDataset } from './array-dataset.ts'
import { DataLoader, type Dataset } from './data-loader.ts'
import { SGD } from './optimizers/sgd.ts'
import { Parameter } from './parameter.ts'

afterAll(() => recorder.device.close())

/** Ten samples: [i, i + 0.5] with the label i. */
function dataset() {
  const features = Float32Array.from({ length: 20 }, (_, i) => Math.floor(i / 2) + (i % 2) / 2)
  return new ArrayDataset(
    { data: features, shape: [2] },
    { data: BigInt64Array.from({ length: 10 }, (_, i) => BigInt(i)) },
  )
}

describe('DataLoader', () => {
  test('DataLoader gives batches in order, the last one smaller', async () => {
    const loader = new DataLoader(dataset(), { batchSize: 4 })
    const shapes: unknown[] = []
    const labels: number[][] = []
    for await (const [x, y] of loader) {
      shapes.push(x.shape, x.dtype, y.dtype)
      labels.push(await valuesOf(y))
    }
    expect(shapes).toEqual([
      [4, 2],
      'float32',
      'int64',
      [4, 2],
      'float32',
      'int64',
      [2, 2],
      'float32',
      'int64',
    ])
    expect(labels).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ])
    expect(loader.length).toBe(3)
  })

  test('DataLoader leaves the last batch out with dropLast', async () => {
    const loader = new DataLoader(dataset(), { batchSize: 4, dropLast: true })
    expect((await epoch(loader)).length).toBe(2)
    expect(loader.length).toBe(2)
  })

  test('DataLoader keeps the parts of a sample together when it shuffles', async () => {
    for await (const [x, y] of new DataLoader(dataset(), { batchSize: 3, shuffle: true, seed: 1 })) {
      const labels = await valuesOf(y)
      expect(await valuesOf(x)).toEqual(labels.flatMap((label) => [label, label + 0.5]))
    }
  })

  test('DataLoader gives every sample once in each epoch, in another order, and the same orders for a seed', async () => {
    const epochs = async (seed: number) => {
      const loader = new DataLoader(dataset(), { batchSize: 4, shuffle: true, seed })
      return [(await epoch(loader)).flat(), (await epoch(loader)).flat()]
    }
    const [first = [], second = []] = await epochs(3)
    expect(first).not.toEqual(second)
    for (const order of [first, second])
      expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await epochs(3)).toEqual([first, second])
    expect(await epochs(4)).not.toEqual([first, second])
  })

  test('DataLoader draws its orders from the generator of manualSeed() when it has no seed', async () => {
    const draw = () => {
      manualSeed(5)
      return epoch(new DataLoader(dataset(), { shuffle: true }))
    }
    expect(await draw()).toEqual(await draw())
  })

  test('DataLoader takes an array of samples', async () => {
    const samples = Array.from({ length: 3 }, (_, i) => [Float32Array.of(i, -i), BigInt(i)] as const)
    const loader = new DataLoader(samples, { batchSize: 2 })
    const batches: unknown[] = []
    for await (const [x, y] of loader) batches.push([x.shape, await valuesOf(x), await valuesOf(y)])
    expect(batches).toEqual([
      [
        [2, 2],
        [0, -0, 1, -1],
        [0, 1],
      ],
      [[1, 2], [2, -2], [2]],
    ])
  })

  test('DataLoader takes numbers in the dtypes that it is told', async () => {
    const loader = new DataLoader([[[1, 2], 7] as const], { dtypes: ['uint8', 'int64'] })
    for await (const [x, y] of loader)
      expect([x.dtype, x.shape, y.dtype, y.shape]).toEqual(['uint8', [1, 2], 'int64', [1]])
  })

  test('DataLoader takes a stream, whose length it does not know', async () => {
    async function* stream() {
      for (let i = 0; i < 5; i++) yield [i] as const
    }
    const loader = new DataLoader(stream(), { batchSize: 2 })
    expect(loader.length).toBeUndefined()
    const batches: number[][] = []
    for await (const [x] of loader) batches.push(await valuesOf(x))
    expect(batches).toEqual([[0, 1], [2, 3], [4]])
  })

  test('DataLoader names the batch in which a sample has another shape', async () => {
    const samples = Array.from({ length: 5 }, (_, i) => [new Float32Array(i === 3 ? 2 : 3)] as const)
    const loader = new DataLoader(samples, { batchSize: 2 })
    const seen: Tensor[] = []
    const run = async () => {
      for await (const [x] of loader) seen.push(x)
    }
    await expect(run()).rejects.toThrow(
      new ShapeError(
        'Cannot make batch 1: expected samples of float32 [3], got float32 [2] (sample 1 of the batch)',
      ),
    )
    expect(seen.length).toBe(1)
  })

  test('DataLoader names the batch in which a dataset gives another shape', async () => {
    const strange: Dataset<readonly ['x']> = {
      length: 4,
      columns: ['x'],
      take: (indices) => {
        const [first = 0] = indices
        const width = first < 2 ? 3 : 1
        return [fromValues('float32', [2, width], new Array(2 * width).fill(0))]
      },
    }
    await expect(epoch(new DataLoader(strange, { batchSize: 2 }))).rejects.toThrow(
      new ShapeError('Cannot make batch 1: expected float32 [2, 3], got float32 [2, 1]'),
    )
  })

  test('DataLoader lets a loop that reads nothing get a few runs ahead of the engine, not more', async () => {
    const samples = Array.from({ length: 60 }, () => [new Float32Array(100_000)] as const)
    const weight = new Parameter(fromValues('float32', [100_000], new Float32Array(100_000)))
    const optimizer = new SGD([weight], { lr: 0.1 })
    const ahead: number[] = []
    for await (const [x] of new DataLoader(samples)) {
      ahead.push(recorder.device.unanswered)
      optimizer.zeroGrad()
      x.mul(weight).sin().exp().sum().backward()
      optimizer.step()
    }
    expect(ahead.length).toBe(60)
    expect(Math.max(...ahead)).toBeLessThanOrEqual(4)
  })

  test('DataLoader has each batch computed by itself, also where nothing of it is read before the end', async () => {
    const samples = Array.from({ length: 30 }, (_, i) => [i] as const)
    const results: Tensor[] = []
    const before = engineStats()
    for await (const [x] of new DataLoader(samples, { batchSize: 2 })) results.push(x.mul(3).sum())
    expect(await Promise.all(results.map((sum) => sum.item()))).toEqual(
      Array.from({ length: 15 }, (_, i) => 3 * (4 * i + 1)),
    )
    const { compiled, dispatches } = engineStats()
    expect([compiled - before.compiled, dispatches - before.dispatches]).toEqual([1, 15])
  })

  test('DataLoader needs a batch size, and cannot shuffle a stream', () => {
    expect(() => new DataLoader(dataset(), { batchSize: 0 })).toThrow(
      new RangeError('Cannot make a data loader: expected a batch size of at least 1, got 0'),
    )
    const stream = (async function* () {
      yield [1] as const
    })()
    expect(() => new DataLoader(stream, { shuffle: true })).toThrow(
      new TypeError('Cannot make a data loader: expected an array or a dataset to shuffle, got a stream'),
    )
  })
})

describe('ArrayDataset', () => {
  test('ArrayDataset takes raw bits with their dtype', () => {
    const [array] = new ArrayDataset({ data: Uint16Array.of(0x3c00, 0x4000), dtype: 'float16' }).take([1])
    expect([array?.dtype, array?.shape, array?.bytes]).toEqual(['float16', [1], Uint8Array.of(0, 0x40)])
  })

  test('ArrayDataset needs columns of equally many whole samples', () => {
    expect(
      () => new ArrayDataset({ data: new Float32Array(6), shape: [2] }, { data: new Int32Array(2) }),
    ).toThrow(
      new ShapeError('Cannot make a dataset: expected columns with equally many whole samples, got 3, 2'),
    )
    expect(() => new ArrayDataset({ data: new Float32Array(5), shape: [2] })).toThrow(
      new ShapeError('Cannot make a dataset: expected columns with equally many whole samples, got 2.5'),
    )
  })

  test('ArrayDataset needs dtypes of whole bytes', () => {
    expect(() => new ArrayDataset({ data: new Int8Array(2), dtype: 'int4' })).toThrow(
      new TypeError('Cannot make a dataset: expected a dtype of whole bytes, got int4'),
    )
  })
})

async function epoch(loader: DataLoader<readonly unknown[]>): Promise<number[][]> {
  const batches: number[][] = []
  for await (const batch of loader) {
    const last = batch.at(-1)
    if (last !== undefined) batches.push(await valuesOf(last))
  }
  return batches
}

async function valuesOf(tensor: Tensor): Promise<number[]> {
  const values: number[] = []
  for (const value of await tensor.data()) values.push(Number(value))
  return values
}
