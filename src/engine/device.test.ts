import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { rejection, valuesOf, vector } from '../../test/tensors.ts'
import { fromValues } from '../tensor/from-values.ts'
import { Device } from './device.ts'
import { storageOf } from './placement.ts'
import { recorder } from './recorder.ts'
import type { StateError } from './state-error.ts'
import { Storage } from './storage.ts'
import { fromHost } from './tensor.ts'

afterAll(() => recorder.close())

const LOADER = fileURLToPath(new URL('../../test/typescript-worker.mjs', import.meta.url))

describe('Device', () => {
  test('Device sends host data along the first time, and keeps it when it is read again', async () => {
    const sent = vi.spyOn(recorder.device, 'send')
    const x = vector(1, 2)
    for (const factor of [2, 3, 4]) await x.mul(factor).realize()
    const trips = sent.mock.calls.map(([request]) => {
      if (request.kind === 'run')
        return request.feeds.map((source) => (typeof source === 'number' ? 'stored' : 'sent'))
      return request.kind === 'store' ? 'store' : []
    })
    sent.mockRestore()
    expect(trips.flat()).toEqual(['sent', 'store', 'stored', 'stored'])
    expect(storageOf(x.value)?.resident).toBe(true)
    expect(await valuesOf(x)).toEqual([1, 2])
  })

  test('Device keeps the data of a host array that it has sent intact', async () => {
    const array = fromValues('float32', [2], [1, 2])
    const x = fromHost(array)
    await x.mul(2).realize()
    await x.mul(3).realize()
    expect(Array.from(array.bytes)).toEqual(Array.from(fromValues('float32', [2], [1, 2]).bytes))
  })

  test('Device.close() leaves nobody waiting, and rejects what comes later', async () => {
    const device = new Device({ execArgv: ['--import', LOADER] })
    const message = 'Cannot run on the engine: expected its thread to live, got "it was closed"'
    const earlier = device.settled().then(
      () => 'answered',
      (error: StateError) => error.message,
    )
    await device.close()
    expect(['answered', message]).toContain(await earlier)
    expect(await rejection(device.settled())).toBe(message)
  })

  test('Device.read() of host data does not ask the engine', async () => {
    const array = fromValues('int8', [1], [3])
    expect(await recorder.device.read(new Storage('int8', [1], array))).toBe(array)
  })
})

describe('Device and the garbage collector', () => {
  test('Device frees tensors whose handles are garbage', async () => {
    const script = fileURLToPath(new URL('../../test/collect-garbage.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      '--import',
      LOADER,
      script,
    ])
    const { made, freed, kept } = JSON.parse(stdout)
    expect(freed).toBeGreaterThan(0.9 * made)
    expect(kept).toEqual([5, 5])
  })
})
