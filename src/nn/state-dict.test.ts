import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FileError } from '../codec/file-error.ts'
import { FormatError } from '../codec/format-error.ts'
import { readSafetensors, writeSafetensors } from '../codec/safetensors.ts'
import { zeros } from '../engine/create-tensors.ts'
import { manualSeed } from '../engine/generator.ts'
import { recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import type { Tensor } from '../engine/tensor.ts'
import { fromValues } from '../tensor/from-values.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { BatchNorm1d } from './layers/batch-norm.ts'
import { Linear } from './layers/linear.ts'
import { Sequential } from './layers/sequential.ts'
import { Module } from './module.ts'
import { Buffer } from './parameter.ts'
import { loadStateDict, stateDict } from './state-dict.ts'
import { loadSafetensors, saveStateDict } from './state-file.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-state-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await recorder.device.close()
})

function network(): Sequential {
  return new Sequential(new Linear(2, 3), new BatchNorm1d(3))
}

const NAMES = [
  ...['0.weight', '0.bias'],
  ...['1.weight', '1.bias', '1.running_mean', '1.running_var', '1.num_batches_tracked'],
]

describe('stateDict()', () => {
  test('stateDict() gives parameters and buffers under the names of PyTorch', async () => {
    const state = await stateDict(network())
    expect([...state.keys()]).toEqual(NAMES)
    expect(state.get('1.num_batches_tracked')?.dtype).toBe('int64')
  })

  test('stateDict() holds what a step in training left in the buffers', async () => {
    const model = network()
    model(zeros([4, 2]))
    const counter = (await stateDict(model)).get('1.num_batches_tracked')
    expect(counter?.bytes[0]).toBe(1)
  })

  test('stateDict() leaves out buffers that are not persistent, and gives a shared module under each name', async () => {
    class Shared extends Module {
      encoder: Linear = new Linear(1, 1, { bias: false })
      decoder: Linear = this.encoder
      mask: Buffer = new Buffer(fromValues('bool', [1], [1]), false)
      override forward(x: Tensor): Tensor {
        return this.decoder(this.encoder(x))
      }
    }
    expect([...(await stateDict(new Shared())).keys()]).toEqual(['encoder.weight', 'decoder.weight'])
  })
})

describe('loadStateDict()', () => {
  test('loadStateDict() makes a module compute what the other one does', async () => {
    manualSeed(0)
    const [first, second] = [network().eval(), network().eval()]
    loadStateDict(second, await stateDict(first))
    const x = zeros([1, 2])
    expect(await second(x).data()).toEqual(await first(x).data())
  })

  test('loadStateDict() casts to the dtypes of the module', async () => {
    const model = new Linear(1, 1, { bias: false })
    loadStateDict(model, new Map([['weight', fromValues('float16', [1, 1], [0.5])]]))
    expect([model.weight.dtype, await model.weight.item()]).toEqual(['float32', 0.5])
  })

  test('loadStateDict() lists missing and unexpected names, and replaces nothing', async () => {
    const model = new Linear(1, 1)
    const before = await stateDict(model)
    const dict = new Map<string, HostArray>([
      ['weight', fromValues('float32', [1, 1], [7])],
      ['wieght', fromValues('float32', [1, 1], [7])],
    ])
    expect(() => loadStateDict(model, dict)).toThrow(
      new StateError(
        'Cannot load the state of "Linear": expected its names and shapes, got missing "bias"; unexpected "wieght"\n' +
          'Hint: { strict: false } passes over missing and unexpected names',
      ),
    )
    expect(await stateDict(model)).toEqual(before)
  })

  test('loadStateDict() lists tensors of other shapes', () => {
    const dict = new Map([
      ['weight', fromValues('float32', [2, 1], [1, 2])],
      ['bias', fromValues('float32', [], [1])],
    ])
    expect(() => loadStateDict(new Linear(2, 1), dict)).toThrow(
      new ShapeError(
        'Cannot load the state of "Linear": expected its names and shapes, got "weight" of shape [2, 1] instead of [1, 2]; "bias" of shape [] instead of [1]',
        [[1, 2], [2, 1], [1], []],
      ),
    )
  })

  test('loadStateDict() takes a Map alone', () => {
    expect(() => loadStateDict(new Linear(1, 1), Object({ weight: 1 }))).toThrow(
      new TypeError('Cannot load the state of "Linear": expected a Map from names to arrays, got object'),
    )
  })

  test('loadStateDict() passes over names with strict false, and says which', async () => {
    const model = new Linear(1, 1)
    const dict = new Map([
      ['bias', fromValues('float32', [1], [3])],
      ['other', fromValues('float32', [1], [3])],
    ])
    expect(loadStateDict(model, dict, { strict: false })).toEqual({
      missing: ['weight'],
      unexpected: ['other'],
    })
    expect(await model.bias?.item()).toBe(3)
  })
})

describe('saveStateDict()', () => {
  test('saveStateDict() writes what loadSafetensors() reads', async () => {
    const path = join(folder, 'model.safetensors')
    const [first, second] = [network(), network()]
    await saveStateDict(first, path)
    expect(await loadSafetensors(second, path)).toEqual({ missing: [], unexpected: [] })
    expect(await stateDict(second)).toEqual(await stateDict(first))
  })

  test('saveStateDict() says where it cannot write', async () => {
    const path = join(folder, 'missing', 'model.safetensors')
    await expect(saveStateDict(network(), path)).rejects.toThrow(
      new FileError(
        `Cannot write "${path}": expected a file in a folder that can be written to, got ENOENT`,
        path,
      ),
    )
  })
})

describe('loadSafetensors()', () => {
  test('loadSafetensors() takes bytes', async () => {
    const [first, second] = [network(), network()]
    await loadSafetensors(second, writeSafetensors(await stateDict(first)))
    expect(await stateDict(second)).toEqual(await stateDict(first))
  })

  test('loadSafetensors() refuses what is no path and no bytes', async () => {
    await expect(loadSafetensors(network(), Object(new ArrayBuffer(8)))).rejects.toThrow(
      new TypeError('Cannot read safetensors: expected the path of a file or a Uint8Array, got object'),
    )
  })

  test('loadSafetensors() says which file is missing', async () => {
    const path = join(folder, 'nothing.safetensors')
    await expect(loadSafetensors(network(), path)).rejects.toThrow(
      new FileError(`Cannot read "${path}": expected a file, got ENOENT`, path),
    )
  })

  test('loadSafetensors() rejects a truncated file as the reader does', async () => {
    const bytes = writeSafetensors(await stateDict(network())).subarray(0, -1)
    const expected = (() => {
      try {
        readSafetensors(bytes)
      } catch (error) {
        return error
      }
      return undefined
    })()
    expect(expected).toBeInstanceOf(FormatError)
    await expect(loadSafetensors(network(), bytes)).rejects.toThrow(Object(expected))
  })
})
