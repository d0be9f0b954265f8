import { afterAll, expect, test } from 'vitest'
import { ones, tensor } from '../engine/create-tensors.ts'
import { recorder } from '../engine/recorder.ts'
import { ArrayDataset } from './array-dataset.ts'
import { DataLoader } from './data-loader.ts'
import { Linear } from './layers/linear.ts'
import { SGD } from './optimizers/sgd.ts'
import { progress } from './progress.ts'

afterAll(() => recorder.device.close())

async function* stream(): AsyncGenerator<number> {
  yield 1
  yield 2
}

/** What `onProgress` was told while a loop went through a source, and what the loop saw. */
async function told(source: Iterable<unknown> | AsyncIterable<unknown>, options: { total?: number } = {}) {
  const calls: unknown[] = []
  const seen: unknown[] = []
  const onProgress = (done: number, total?: number) => calls.push([done, total])
  for await (const item of progress(source, { ...options, onProgress })) seen.push(item)
  return { calls, seen }
}

test('progress() gives what the source gives, and tells the number of iterations where it is known', async () => {
  expect(await told(['a', 'b'])).toEqual({
    calls: [
      [1, 2],
      [2, 2],
    ],
    seen: ['a', 'b'],
  })
  expect((await told(new Set([3]))).calls).toEqual([[1, 1]])
  const unknown = [
    [1, undefined],
    [2, undefined],
  ]
  expect(await told(stream())).toEqual({ calls: unknown, seen: [1, 2] })
  expect((await told(stream(), { total: 2 })).calls.at(-1)).toEqual([2, 2])
})

test('progress() over a DataLoader knows how many batches there are', async () => {
  const loader = new DataLoader(new ArrayDataset({ data: new Float32Array(10), shape: [1] }), {
    batchSize: 4,
  })
  const { calls } = await told(loader)
  expect(calls).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ])
})

test('progress() counts an iteration when its body has ended, and ends the source with the loop', async () => {
  let isClosed = false
  async function* source() {
    try {
      yield* [1, 2, 3]
    } finally {
      isClosed = true
    }
  }
  const counts: number[] = []
  for await (const item of progress(source(), { onProgress: (done) => counts.push(done) }))
    if (item === 2) break
  expect(counts).toEqual([1])
  expect(isClosed).toBe(true)
})

test('progress() stops with the reason of its signal: before the first iteration, between two, and after the last', async () => {
  const run = async (stopAt: number) => {
    const controller = new AbortController()
    const seen: number[] = []
    if (stopAt === 0) controller.abort(new RangeError('enough'))
    const loop = async () => {
      for await (const item of progress([1, 2, 3], { signal: controller.signal })) {
        seen.push(item)
        if (item === stopAt) controller.abort(new RangeError('enough'))
      }
    }
    await expect(loop()).rejects.toThrow(new RangeError('enough'))
    return seen
  }
  expect(await run(0)).toEqual([])
  expect(await run(2)).toEqual([1, 2])
  expect(await run(3)).toEqual([1, 2, 3])
})

test('progress() around a training loop that is aborted leaves whole steps, and a model that goes on', async () => {
  const model = new Linear(2, 1)
  const optimizer = new SGD(model.parameters(), { lr: 0.1 })
  const controller = new AbortController()
  const inputs = Array.from({ length: 6 }, () => ones([4, 2]))
  const losses: Promise<number>[] = []
  const train = async (signal?: AbortSignal) => {
    for await (const x of progress(inputs, signal === undefined ? {} : { signal })) {
      optimizer.zeroGrad()
      const loss = model(x).sub(tensor(1)).pow(2).mean()
      loss.backward()
      optimizer.step()
      losses.push(loss.item())
      if (losses.length === 3) controller.abort()
    }
  }
  await expect(train(controller.signal)).rejects.toThrow('aborted')
  expect(losses.length).toBe(3)
  await train()
  const values = await Promise.all(losses)
  expect(values.length).toBe(9)
  expect(values.every((value, i) => i === 0 || value < (values[i - 1] ?? 0))).toBe(true)
})
