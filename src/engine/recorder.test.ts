import { afterAll, describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { buffer, parameter, rejection, valuesOf, vector } from '../../test/tensors.ts'
import type { Operation } from '../ir/operation.ts'
import { storageOf } from './placement.ts'
import { noGrad, recorder, runOnce } from './recorder.ts'
import { StateError } from './state-error.ts'
import { composite, record, recordAll, type Tensor } from './tensor.ts'

afterAll(() => recorder.close())

/** Negation that tells when it is lowered. */
function spy(name: string, lowered: string[]): Operation {
  return fakeOperation(name, {
    lower(e) {
      lowered.push(name)
      return [e.op('Neg', [e.inputs[0] ?? ''])]
    },
  })
}

/** Adds the first input to the state that is the second one. */
const accumulate = fakeOperation('test.accumulate', {
  lower: (e) => [e.op('Add', [e.inputs[0] ?? '', e.inputs[1] ?? ''])],
  updates: () => [{ output: 0, input: 1 }],
})

describe('Recorder.flush()', () => {
  test('Recorder.flush() computes what can be observed, and nothing else', async () => {
    const lowered: string[] = []
    const inside: Tensor[] = []
    const result = composite(() => {
      record(spy('test.dead', lowered), [vector(1)], {})
      inside.push(record(spy('test.inner', lowered), [vector(2)], {}))
      return record(spy('test.outer', lowered), inside, {})
    })
    expect(lowered).toEqual([])
    expect(await valuesOf(result)).toEqual([2])
    expect(lowered).toEqual(['test.inner', 'test.outer'])
    expect(inside.map(({ value }) => storageOf(value))).toEqual([undefined])
  })

  test('Recorder.flush() delivers all values recorded at top level in one run', async () => {
    const { dispatches } = recorder.stats
    const a = vector(1).mul(2)
    const b = a.add(1)
    expect([await valuesOf(b), await valuesOf(a)]).toEqual([[3], [2]])
    expect(recorder.stats.dispatches - dispatches).toBe(1)
  })

  test('Recorder.flush() runs updates of state in order, read or not', async () => {
    const [state, copy] = [buffer(1), buffer(0)]
    recordAll(accumulate, [vector(2), state], {})
    state.assign(state.mul(10))
    copy.assign(state)
    recordAll(accumulate, [vector(5), state], {})
    recorder.flush()
    expect([await valuesOf(state), await valuesOf(copy)]).toEqual([[35], [30]])
  })

  test('Recorder.flush() makes a session for a single run with the data of state as inputs, and does not keep it', async () => {
    const state = buffer(3)
    const run = () => noGrad(() => composite(() => state.mul(31)))
    const { compiled } = recorder.sessions.stats
    expect(await runOnce(() => valuesOf(run()))).toEqual([93])
    expect(recorder.once).toBe(false)
    expect([await valuesOf(run()), await valuesOf(run())]).toEqual([[93], [93]])
    expect(recorder.sessions.stats.compiled - compiled).toBe(2)
  })

  test('Recorder.flush() lets a computation see the state that was current when it was recorded', async () => {
    const state = buffer(1)
    const before = composite(() => state.mul(100))
    state.assign(vector(2))
    const after = composite(() => state.mul(100))
    expect([await valuesOf(before), await valuesOf(after)]).toEqual([[100], [200]])
  })

  test('Recorder.flush() does not deliver gradients that are consumed', async () => {
    const [weight, other] = [parameter(3), parameter(4)]
    composite(() => weight.mul(other).sum()).backward()
    noGrad(() => composite(() => weight.assign(weight.sub(weight.grad ?? weight))))
    recorder.flush(new Set([weight]))
    expect(weight.grad && storageOf(weight.grad.value)).toBeUndefined()
    expect([await valuesOf(weight), other.grad && (await valuesOf(other.grad))]).toEqual([[-1], [3]])
  })
})

describe('Recorder.sessions', () => {
  /** A training step: a product with the batch as its loss, and a step against the gradient. */
  function step(weight: Tensor, batch: Tensor, rate: number): Tensor {
    const loss = composite(() => weight.mul(batch).sum())
    weight.grad = null
    loss.backward()
    noGrad(() => composite(() => weight.assign(weight.sub((weight.grad ?? weight).mul(vector(rate))))))
    recorder.flush(new Set([weight]))
    return loss
  }

  test('Recorder.sessions serve the second step of a training loop without compiling', async () => {
    const weight = parameter(1, 2)
    const losses = [await step(weight, vector(1, 1), 0.5).item()]
    const { compiled } = recorder.sessions.stats
    for (const batch of [vector(2, 0), vector(0, 2), vector(3, 3)])
      losses.push(await step(weight, batch, 1).item())
    expect(losses).toEqual([3, 1, 3, -6])
    expect(recorder.sessions.stats.compiled).toBe(compiled)
    await step(parameter(1), vector(1), 1).item()
    expect(recorder.sessions.stats.compiled).toBe(compiled + 1)
  })

  test('Recorder.sessions hold state as constants outside of training, and are made anew when it changes', async () => {
    const weight = parameter(2)
    const evaluate = (x: number) => valuesOf(composite(() => vector(x).mul(weight)))
    expect([await evaluate(3), await evaluate(4)]).toEqual([[6], [8]])
    const { compiled } = recorder.sessions.stats
    expect(await evaluate(5)).toEqual([10])
    expect(recorder.sessions.stats.compiled).toBe(compiled)
    noGrad(() => weight.assign(weight.mul(10)))
    expect(await evaluate(5)).toEqual([100])
  })
})

describe('noGrad()', () => {
  const flows = () => parameter(1).mul(2).requiresGrad

  test('noGrad() holds for its body, nested ones included', () => {
    expect(noGrad(() => [flows(), noGrad(flows), flows()])).toEqual([false, false, false])
    expect(flows()).toBe(true)
  })

  test('noGrad() ends when the body throws', () => {
    const fail = () =>
      noGrad(() => {
        throw new RangeError('no')
      })
    expect(fail).toThrow('no')
    expect(flows()).toBe(true)
  })

  test('noGrad() follows an async body to its end', async () => {
    const body = noGrad(async () => {
      await vector(1).mul(2).realize()
      return flows()
    })
    expect(await body).toBe(false)
    expect(flows()).toBe(true)
    expect(await rejection(noGrad(async () => Promise.reject(new RangeError('no'))))).toBe('no')
    expect(flows()).toBe(true)
  })

  test('noGrad() holds until the last of overlapping bodies has ended', async () => {
    const ends: (() => void)[] = []
    const bodies = [0, 1].map(() => noGrad(() => new Promise<void>((resolve) => ends.push(resolve))))
    ends[0]?.()
    await bodies[0]
    expect(flows()).toBe(false)
    ends[1]?.()
    await bodies[1]
    expect(flows()).toBe(true)
  })
})

describe('composite()', () => {
  test('composite() delivers the tensors in its result, to any depth', async () => {
    const { pair } = composite(() => ({ pair: [vector(1).mul(2), { deep: vector(3).mul(2) }] as const }))
    recorder.flush()
    expect([pair[0], pair[1].deep].map(({ value }) => storageOf(value) !== undefined)).toEqual([true, true])
  })

  test('composite() ends when the body throws', () => {
    const fail = () =>
      composite(() => {
        throw new RangeError('no')
      })
    expect(fail).toThrow('no')
    expect(recorder.depth).toBe(0)
  })
})

describe('Recorder.settled()', () => {
  test('Recorder.settled() dispatches what is recorded and waits for it', async () => {
    await recorder.settled()
    const result = vector(2).mul(3)
    const { runs } = recorder.device.stats
    await recorder.settled()
    expect(storageOf(result.value)).toBeDefined()
    expect(recorder.device.stats.runs).toBe(runs + 1)
  })

  test('Recorder.settled() tells of a failure that nobody has been told of, once', async () => {
    const unread = record(wrong, [vector(1)], {})
    const message = await rejection(recorder.settled())
    expect(message).toMatch(/^Cannot run "test.wrong": /)
    await recorder.settled()
    expect(await rejection(unread.data())).toContain(message)
  })

  test('Recorder.settled() keeps quiet about a failure that a reader has been told of', async () => {
    await rejection(record(wrong, [vector(1)], {}).data())
    await recorder.settled()
  })

  /** Says that its output is larger than it is. */
  const wrong = fakeOperation('test.wrong', {
    infer: () => [float32(7)],
    lower: (e) => [e.op('Neg', [e.inputs[0] ?? ''])],
  })
})

describe('Recorder.configure()', () => {
  test('Recorder.configure() comes too late once the engine has started', async () => {
    await vector(1).mul(2).realize()
    expect(() => recorder.configure({ threads: 1 })).toThrow(
      new StateError('Cannot configure "the engine": expected no run before, got one'),
    )
  })
})
