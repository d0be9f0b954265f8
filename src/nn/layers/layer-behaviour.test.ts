import { afterAll, describe, expect, test } from 'vitest'
import { ones, tensor, zeros } from '../../engine/create-tensors.ts'
import { manualSeed } from '../../engine/generator.ts'
import { recorder } from '../../engine/recorder.ts'
import { StateError } from '../../engine/state-error.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { Module } from '../module.ts'
import { BatchNorm2d } from './batch-norm.ts'
import { Conv2d } from './convolution.ts'
import { Dropout } from './dropout.ts'
import { Embedding } from './embedding.ts'
import { Identity } from './identity.ts'
import { Linear } from './linear.ts'
import { ModuleList } from './module-list.ts'
import { MultiheadAttention } from './multihead-attention.ts'
import { GroupNorm } from './normalization.ts'
import { GRU, LSTM } from './recurrent.ts'
import { Sequential } from './sequential.ts'
import { ConvTranspose2d } from './transposed-convolution.ts'

afterAll(() => recorder.device.close())

describe('initialization', () => {
  test('manualSeed() makes the weights of layers repeat', async () => {
    const draw = async (seed: number) => {
      manualSeed(seed)
      return new Linear(3, 2).weight.data()
    }
    const first = await draw(1)
    expect(await draw(1)).toEqual(first)
    expect(await draw(2)).not.toEqual(first)
  })

  const layers = [
    ['Linear', () => new Linear(100, 50), 1 / 10],
    ['Conv2d', () => new Conv2d(16, 32, 5, { groups: 4 }), 1 / 10],
    ['ConvTranspose2d', () => new ConvTranspose2d(8, 16, 5, { groups: 4 }), 1 / 10],
    ['LSTM', () => new LSTM(10, 25), 1 / 5],
    ['GRU', () => new GRU(10, 25), 1 / 5],
  ] as const
  test.each(layers)(
    '%s draws weights and biases from a uniform distribution with the bound of PyTorch',
    async (_, make, bound) => {
      manualSeed(0)
      for (const parameter of make().parameters()) {
        const values = await valuesOf(parameter)
        const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
        expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound)
        // The mean of n squares of uniform values spreads around a third of the bound's square by its share sqrt(4 / 5 / n).
        const spread = Math.sqrt(0.8 / values.length)
        expect(Math.abs(variance / (bound * bound) - 1 / 3)).toBeLessThan((4 / 3) * spread)
      }
    },
  )

  test('Embedding draws its rows from a normal distribution, and leaves the padding row at 0', async () => {
    manualSeed(0)
    const table = await valuesOf(new Embedding(100, 50, { paddingIdx: -1 }).weight)
    expect(table.slice(99 * 50)).toEqual(new Array(50).fill(0))
    const drawn = table.slice(0, 99 * 50)
    const variance = drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length
    expect(variance).toBeGreaterThan(0.9)
    expect(variance).toBeLessThan(1.1)
  })

  test('MultiheadAttention draws from the uniform distribution of Xavier, and its biases are 0', async () => {
    manualSeed(0)
    const { in_proj_weight, in_proj_bias, out_proj } = new MultiheadAttention(16, 2)
    const values = await valuesOf(in_proj_weight)
    const bound = Math.sqrt(6 / (48 + 16))
    const largest = Math.max(...values.map(Math.abs))
    expect(largest).toBeLessThanOrEqual(bound)
    expect(largest).toBeGreaterThan(0.95 * bound)
    for (const bias of [in_proj_bias, out_proj.bias])
      expect(new Set(await valuesOf(bias))).toEqual(new Set([0]))
  })
})

describe('Dropout', () => {
  test('Dropout drops about p of the elements while it trains, and scales the others', async () => {
    manualSeed(4)
    const dropped = await valuesOf(new Dropout(0.25)(ones([10_000])))
    const kept = dropped.filter((value) => value !== 0)
    expect(new Set(kept)).toEqual(new Set([Math.fround(4 / 3)]))
    expect(kept.length / dropped.length).toBeCloseTo(0.75, 1)
  })

  test('Dropout drops others in each call, and the same ones after manualSeed()', async () => {
    const dropout = new Dropout()
    const draw = () => valuesOf(dropout(ones([64])))
    manualSeed(4)
    const [first, second] = [await draw(), await draw()]
    expect(second).not.toEqual(first)
    manualSeed(4)
    expect(await draw()).toEqual(first)
  })

  test('Dropout compiles nothing in its second call', async () => {
    const dropout = new Dropout()
    await dropout(ones([8])).realize()
    const { compiled } = recorder.sessions.stats
    await dropout(ones([8])).realize()
    expect(recorder.sessions.stats.compiled).toBe(compiled)
  })

  test('Dropout passes everything in evaluation', async () => {
    expect(await valuesOf(new Dropout(0.9).eval()(ones([4])))).toEqual([1, 1, 1, 1])
  })
})

describe('LSTM', () => {
  test('LSTM goes on from the states that it gave', async () => {
    manualSeed(1)
    const lstm = new LSTM(2, 3)
    const x = tensor([0.1, -0.4, 0.3, 0.9, -0.2, 0.5, 0.7, -0.6], { shape: [4, 1, 2] })
    const [whole] = lstm(x)
    const [, state] = lstm(x.slice(0, 0, 2))
    const [rest] = lstm(x.slice(0, 2), state)
    const expected = await valuesOf(whole.slice(0, 2))
    for (const [i, value] of (await valuesOf(rest)).entries())
      expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6)
  })

  test('LSTM drops between its layers while it trains', async () => {
    manualSeed(1)
    const lstm = new LSTM(2, 3, { numLayers: 2, dropout: 0.5 })
    const x = ones([4, 1, 2])
    const read = () => valuesOf(lstm(x)[0])
    expect(await read()).not.toEqual(await read())
    lstm.eval()
    expect(await read()).toEqual(await read())
  })

  test('LSTM rejects an input of another rank', () => {
    expect(() => new LSTM(2, 3)(zeros([2]))).toThrow(
      new ShapeError('Cannot run a "LSTM": expected an input of rank 2 or 3, got float32 [2]'),
    )
  })
})

describe('GRU', () => {
  test('GRU names the parameter that was taken from it', () => {
    const gru = new GRU(2, 3)
    Reflect.deleteProperty(gru, 'bias_hh_l0')
    expect(() => gru(zeros([1, 1, 2]))).toThrow(
      new StateError('Cannot run a "GRU": expected its parameter "bias_hh_l0", got none'),
    )
  })
})

describe('MultiheadAttention', () => {
  test('MultiheadAttention rejects queries of another rank', () => {
    const x = zeros([4])
    expect(() => new MultiheadAttention(4, 2)(x, x, x)).toThrow(
      new ShapeError('Cannot run a "MultiheadAttention": expected queries of rank 2 or 3, got float32 [4]'),
    )
  })

  test('MultiheadAttention names the weight that is missing', () => {
    const attention = new MultiheadAttention(4, 2)
    attention.in_proj_weight = null
    const x = zeros([1, 1, 4])
    expect(() => attention(x, x, x)).toThrow(
      new TypeError(
        'Cannot run a "MultiheadAttention": expected a weight for each of query, key and value, got none',
      ),
    )
  })

  test('MultiheadAttention drops weights while it trains', async () => {
    manualSeed(2)
    const attention = new MultiheadAttention(4, 2, { dropout: 0.5 })
    const x = ones([6, 1, 4])
    for (const needWeights of [true, false]) {
      const read = () => valuesOf(attention(x, x, x, { needWeights })[0])
      attention.train()
      expect(await read()).not.toEqual(await read())
      attention.eval()
      expect(await read()).toEqual(await read())
    }
  })

  test('MultiheadAttention makes a causal mask where there is none', async () => {
    const attention = new MultiheadAttention(4, 2)
    const x = ones([3, 1, 4])
    const [, weights] = attention(x, x, x, { isCausal: true })
    const rows = (await valuesOf(weights)).map((value) => Number(value.toFixed(4)))
    expect(rows).toEqual([1, 0, 0, 0.5, 0.5, 0, 0.3333, 0.3333, 0.3333])
  })

  test('MultiheadAttention needs heads that divide the features', () => {
    expect(() => new MultiheadAttention(5, 2)).toThrow(
      new RangeError('Cannot make a "MultiheadAttention": expected features that 2 heads divide, got 5'),
    )
  })
})

describe('Sequential', () => {
  test('Sequential runs its modules in order, under their numbers', async () => {
    const model = new Sequential(...Array.from({ length: 11 }, () => new Identity()), new Linear(2, 1))
    expect([...model.namedChildren()].map(([name]) => name).slice(9)).toEqual(['9', '10', '11'])
    expect(model(zeros([3, 2])).shape).toEqual([3, 1])
  })

  test('Sequential names the module that gives no tensor', () => {
    class Pair extends Module<[Tensor], Tensor[]> {
      override forward(x: Tensor): Tensor[] {
        return [x, x]
      }
    }
    const pair: Module = Object(new Pair())
    expect(() => new Sequential(new Identity(), pair)(zeros([1]))).toThrow(
      new TypeError(
        'Cannot run module "1" (Pair) of a Sequential: expected it to return a tensor, got object',
      ),
    )
  })
})

describe('ModuleList', () => {
  test('ModuleList holds modules under their numbers', () => {
    const [first, second] = [new Linear(1, 1), new Linear(2, 2)]
    const list = new ModuleList([first])
    list.push(second)
    expect([...list]).toEqual([first, second])
    expect([list.length, list.at(-1)]).toEqual([2, second])
    expect([...list.namedParameters()].map(([name]) => name)).toEqual([
      '0.weight',
      '0.bias',
      '1.weight',
      '1.bias',
    ])
  })

  test('ModuleList cannot be called', () => {
    expect(() => Object(new ModuleList())()).toThrow(
      new TypeError(
        'Cannot call a "ModuleList": expected the forward of the module that holds it to call its modules',
      ),
    )
  })
})

describe('bad arguments', () => {
  test('BatchNorm2d rejects an input of another rank', () => {
    expect(() => new BatchNorm2d(3)(zeros([2, 3]))).toThrow(
      new ShapeError('Cannot run a "BatchNorm2d": expected an input of rank 4, got rank 2'),
    )
  })

  test('Conv2d rejects kernel sizes of another rank', () => {
    expect(() => new Conv2d(1, 1, [3, 3, 3])).toThrow(
      new RangeError('Cannot use "kernelSize": expected one number or 2, got [3, 3, 3]'),
    )
  })

  test('Conv2d needs channels that the groups divide', () => {
    expect(() => new Conv2d(3, 4, 1, { groups: 2 })).toThrow(
      new RangeError('Cannot make a "Conv2d": expected channels that 2 groups divide, got 3 in and 4 out'),
    )
  })

  test('GroupNorm needs channels that the groups divide', () => {
    expect(() => new GroupNorm(2, 3)).toThrow(
      new RangeError('Cannot make a "GroupNorm": expected channels that 2 groups divide, got 3'),
    )
  })

  test('Dropout needs a probability', () => {
    expect(() => new Dropout(1.5)).toThrow(
      new RangeError('Cannot make a "Dropout": expected p in [0, 1], got 1.5'),
    )
  })

  test('Embedding needs a padding row of its own', () => {
    expect(() => new Embedding(3, 2, { paddingIdx: 3 })).toThrow(
      new RangeError('Cannot make a "Embedding": expected a paddingIdx below 3, got 3'),
    )
  })
})

async function valuesOf(tensor: Tensor | null): Promise<number[]> {
  const values: number[] = []
  for (const value of (await tensor?.data()) ?? []) values.push(Number(value))
  return values
}
