import { afterAll, describe, expect, test } from 'vitest'
import { ShapeError } from '../tensor/shape-error.ts'
import { arange, full, ones, rand, randn, scalar, tensor, zeros } from './create-tensors.ts'
import { manualSeed } from './generator.ts'
import { recorder } from './recorder.ts'
import { composite, type Tensor } from './tensor.ts'

afterAll(() => recorder.device.close())

describe('tensor()', () => {
  test('tensor() takes nested arrays, typed arrays and numbers', async () => {
    expect(
      await read(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
    ).toEqual(['float32', [2, 3], [1, 2, 3, 4, 5, 6]])
    expect(await read(tensor([Int8Array.of(1, 2), Int8Array.of(3, 4)]))).toEqual([
      'int8',
      [2, 2],
      [1, 2, 3, 4],
    ])
    expect(await read(tensor(7))).toEqual(['float32', [], [7]])
    expect(await read(tensor([]))).toEqual(['float32', [0], []])
  })

  test('tensor() takes the dtype of the data, or the one it is told', async () => {
    expect(await read(tensor([1n, 2n]))).toEqual(['int64', [2], [1, 2]])
    expect(await read(tensor([true, false]))).toEqual(['bool', [2], [1, 0]])
    expect(await read(tensor(Uint8Array.of(3, 4)))).toEqual(['uint8', [2], [3, 4]])
    expect(await read(tensor(Uint8Array.of(3, 4), { dtype: 'float32' }))).toEqual(['float32', [2], [3, 4]])
    expect(await read(tensor([1, 2], { dtype: 'int32' }))).toEqual(['int32', [2], [1, 2]])
  })

  test('tensor() takes raw bits of half floats', async () => {
    const half = tensor(Uint16Array.of(0x3c00), { dtype: 'float16' })
    expect([half.dtype, await half.item()]).toEqual(['float16', 1])
  })

  test('tensor() gives the data the shape it is told', async () => {
    expect(await read(tensor([1, 2, 3, 4], { shape: [2, 2] }))).toEqual(['float32', [2, 2], [1, 2, 3, 4]])
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
      new ShapeError('Cannot make a tensor of shape [2, 2]: expected 4 elements, got 3', [[2, 2], [3]]),
    )
  })

  test('tensor() copies', async () => {
    const data = Float32Array.of(1)
    const copied = tensor(data)
    data[0] = 2
    expect(await copied.item()).toBe(1)
  })

  test('tensor() rejects ragged arrays', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(
      new ShapeError('Cannot make a tensor: expected 2 entries at depth 1 of nested arrays, got 1 entries', [
        [2, 2],
      ]),
    )
    expect(() => tensor([[1, 2], 3])).toThrow(
      new ShapeError('Cannot make a tensor: expected 2 entries at depth 1 of nested arrays, got a number', [
        [2, 2],
      ]),
    )
    expect(() => tensor([1, [2]])).toThrow(
      new ShapeError('Cannot make a tensor: expected a number at depth 1 of nested arrays, got 1 entries', [
        [2],
      ]),
    )
  })

  test('tensor() may require a gradient', async () => {
    const x = tensor([3], { requiresGrad: true })
    x.mul(x).sum().backward()
    expect(await x.grad?.item()).toBe(6)
  })
})

describe('zeros(), ones(), full(), scalar(), arange()', () => {
  test('zeros(), ones(), full() and scalar() fill a shape', async () => {
    expect(await read(zeros([2], { dtype: 'int64' }))).toEqual(['int64', [2], [0, 0]])
    expect(await read(ones([1, 2]))).toEqual(['float32', [1, 2], [1, 1]])
    expect(await read(full([2], -3, { dtype: 'int8' }))).toEqual(['int8', [2], [-3, -3]])
    expect(await read(full([2], 0.5))).toEqual(['float32', [2], [0.5, 0.5]])
    expect(await read(scalar(4n, { dtype: 'int64' }))).toEqual(['int64', [], [4]])
  })

  test('arange() counts up to its end', async () => {
    expect(await read(arange(0, 3))).toEqual(['int64', [3], [0, 1, 2]])
    expect(await read(arange(1, 2, { step: 0.5 }))).toEqual(['float32', [2], [1, 1.5]])
    expect(await read(arange(3, 0, { step: -1, dtype: 'float32' }))).toEqual(['float32', [3], [3, 2, 1]])
  })

  test('zeros(), ones() and full() are recorded inside of a function that records', () => {
    const names = composite(() => [zeros([1]), ones([1]), full([1], 2)]).map(
      ({ value }) => value.node?.op.name,
    )
    expect(names).toEqual(['aten.zeros', 'aten.ones', 'aten.full'])
  })
})

describe('rand() and randn()', () => {
  test('rand() and randn() repeat after manualSeed()', async () => {
    const draw = async () => {
      manualSeed(1)
      return [await read(rand([2, 2])), await read(randn([3]))]
    }
    expect(await draw()).toEqual(await draw())
  })

  test('rand() is between 0 and 1, randn() has mean 0 and deviation 1', async () => {
    manualSeed(1)
    const [, , uniform] = await read(rand([1000]))
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...uniform)).toBeLessThan(1)
    const [, , normal] = await read(randn([1000]))
    const mean = normal.reduce((sum, value) => sum + value, 0) / 1000
    const square = normal.reduce((sum, value) => sum + value * value, 0) / 1000
    expect(Math.abs(mean)).toBeLessThan(0.1)
    expect(Math.abs(square - 1)).toBeLessThan(0.15)
  })
})

async function read(given: Tensor): Promise<[dtype: string, shape: readonly number[], values: number[]]> {
  const values: number[] = []
  for (const value of await given.data()) values.push(Number(value))
  return [given.dtype, given.shape, values]
}
