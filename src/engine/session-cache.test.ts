import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { fakeOperation } from '../../test/fake-operation.ts'
import { emit } from '../ir/node.ts'
import { fromValues } from '../tensor/from-values.ts'
import { Device } from './device.ts'
import { leafOf } from './placement.ts'
import { makeProgram, type Program } from './program.ts'
import type { Request } from './protocol.ts'
import { SessionCache } from './session-cache.ts'
import { Storage } from './storage.ts'

const one = fakeOperation('test.one')

/** A device that keeps what it is asked for to itself. */
class SilentDevice extends Device {
  readonly requests: Request[] = []

  override send(request: Request): void {
    this.requests.push(request)
  }

  /** Sessions by what was asked for: `compile 1`, `drop 1`. */
  get sessions(): string[] {
    return this.requests.flatMap((request) =>
      request.kind === 'compile' || request.kind === 'drop' ? [`${request.kind} ${request.session}`] : [],
    )
  }
}

const device = new SilentDevice()
afterAll(() => device.close())
beforeEach(() => {
  device.requests.length = 0
})

function programOf(k: number, storage: Storage = new Storage('float32', [2]), constant = false): Program {
  return makeProgram([emit(one, [leafOf(storage)], { k })], () => constant)
}

describe('SessionCache', () => {
  test('SessionCache.get() compiles a program once', () => {
    const cache = new SessionCache(device, 4)
    const session = cache.get(programOf(1), 'all')
    expect(cache.get(programOf(1), 'all')).toBe(session)
    expect(cache.get(programOf(2), 'all')).not.toBe(session)
    expect(cache.stats.compiled).toBe(2)
    expect(device.sessions).toHaveLength(2)
  })

  test('SessionCache.get() drops the session that was not used for the longest time', () => {
    const cache = new SessionCache(device, 2)
    const [first, second] = [cache.get(programOf(1), 'all'), cache.get(programOf(2), 'all')]
    cache.get(programOf(1), 'all')
    const third = cache.get(programOf(3), 'all')
    expect(device.sessions.slice(2)).toEqual([`compile ${third.id}`, `drop ${second.id}`])
    expect(cache.get(programOf(1), 'all')).toBe(first)
    expect(cache.get(programOf(2), 'all')).not.toBe(second)
  })

  test('SessionCache.get() does not let a session of one level serve another', () => {
    const cache = new SessionCache(device, 4)
    const once = cache.get(programOf(1), 'disabled')
    const often = cache.get(programOf(1), 'all')
    expect(often).not.toBe(once)
    expect(cache.get(programOf(1), 'all')).toBe(often)
  })

  test('SessionCache.drop() gives up the session of a program, once', () => {
    const cache = new SessionCache(device, 4)
    const session = cache.get(programOf(1), 'disabled')
    cache.drop(programOf(1), 'disabled')
    cache.drop(programOf(1), 'disabled')
    expect(device.sessions.slice(1)).toEqual([`drop ${session.id}`])
  })

  test('SessionCache.get() makes constants resident before it compiles, once', () => {
    const cache = new SessionCache(device, 4)
    const weight = new Storage('float32', [2], fromValues('float32', [2], [1, 2]))
    cache.get(programOf(1, weight, true), 'all')
    cache.get(programOf(2, weight, true), 'all')
    expect(device.requests.map(({ kind }) => kind)).toEqual(['store', 'compile', 'compile'])
    expect(device.requests[1]).toMatchObject({ constants: [{ name: 'k0', storage: weight.id }] })
  })

  test('SessionCache.invalidate() drops the sessions that hold replaced data', () => {
    const cache = new SessionCache(device, 4)
    const [weight, other] = [new Storage('float32', [2]), new Storage('float32', [2])]
    const session = cache.get(programOf(1, weight, true), 'all')
    cache.get(programOf(1, other, true), 'all')
    cache.get(programOf(1, weight, false), 'all')
    cache.invalidate(new Set([weight.id]))
    expect(device.sessions.slice(3)).toEqual([`drop ${session.id}`])
  })

  test('SessionCache.get() forgets a program that cannot be lowered', () => {
    const cache = new SessionCache(device, 4)
    let broken = true
    const flaky = fakeOperation('test.flaky', {
      lower(e) {
        if (broken) throw new TypeError('Cannot lower "test.flaky"')
        return [e.inputs[0] ?? '']
      },
    })
    const program = makeProgram([emit(flaky, [leafOf(new Storage('float32', [2]))], {})], () => false)
    expect(() => cache.get(program, 'all')).toThrow('Cannot lower "test.flaky"')
    broken = false
    cache.get(program, 'all')
    expect(device.sessions).toHaveLength(1)
  })
})
