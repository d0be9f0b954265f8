import * as ort from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { fakeOperation, float32 } from '../../test/fake-operation.ts'
import { encodeModel } from '../codec/onnx.ts'
import { collectNodes } from '../ir/graph.ts'
import { emit, Value } from '../ir/node.ts'
import { lowerGraph } from '../lowering/lower-graph.ts'
import { add } from '../ops/elementwise/add.ts'
import type { CompileRequest, Reply, Request, RunRequest, StorageId, TensorMessage } from './protocol.ts'
import { type OrtModule, Runtime } from './runtime.ts'

/** A runtime in this thread; replies by ticket. */
function start(preallocates = true, module: OrtModule = ort) {
  const waiting = new Map<number, (reply: Reply) => void>()
  let lastTicket = 0
  const runtime = new Runtime(module, { preallocates }, (reply) => waiting.get(reply.ticket)?.(reply))
  const ask = (make: (ticket: number) => Request): Promise<Reply> => {
    const ticket = ++lastTicket
    return new Promise((resolve) => {
      waiting.set(ticket, resolve)
      runtime.accept(make(ticket))
    })
  }
  return {
    accept: (request: Request) => runtime.accept(request),
    ask,
    run: (request: Omit<RunRequest, 'kind' | 'ticket'>) =>
      ask((ticket) => ({ kind: 'run', ticket, ...request })),
    read: (storage: StorageId) => ask((ticket) => ({ kind: 'read', ticket, storage })),
  }
}

function message(...values: number[]): TensorMessage {
  return { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }
}

/** The sum of two vectors; the second one is a constant where asked for. */
function sumRequest(session: number, constant?: StorageId): CompileRequest {
  const [a, b] = [new Value(float32(2)), new Value(float32(2))]
  const total = emit(add, [a, b], { alpha: 1 })
  const [first, second] = [
    { value: a, name: 'i0' },
    { value: b, name: constant === undefined ? 'i1' : 'k0' },
  ]
  const model = lowerGraph({
    inputs: constant === undefined ? [first, second] : [first],
    constants: constant === undefined ? [] : [second],
    nodes: collectNodes([total]),
    outputs: [{ value: total, name: 'o0' }],
  })
  const constants = constant === undefined ? [] : [{ name: 'k0', storage: constant }]
  const outputs = [{ dtype: 'float32', shape: [2] } as const]
  return { kind: 'compile', session, model: encodeModel(model), constants, outputs, level: 'basic' }
}

/** Where the one output goes, and which state it replaces. */
const output = (storage: StorageId, replaces: StorageId | null = null) => ({
  outputs: [storage],
  replaces: [replaces],
})
const GONE = { stage: 'input', message: 'the tensor is not stored' }

test('Runtime computes into the buffers of outputs, of which the runtime makes no copies', async () => {
  const runs: Promise<unknown>[] = []
  const { accept, ask, run, read } = start(true, {
    ...ort,
    InferenceSession: {
      async create(model: Uint8Array, options: ort.InferenceSession.SessionOptions) {
        const session = await ort.InferenceSession.create(model, options)
        const own = session.run.bind(session)
        return Object.assign(session, {
          run(...args: Parameters<typeof own>) {
            runs.push(own(...args))
            return runs.at(-1)
          },
        })
      },
    },
  })
  await ask((ticket) => ({ kind: 'configure', threads: 1, sparing: false, ticket }))
  accept(sumRequest(1))
  await run({ session: 1, feeds: [message(1, 2), message(10, 20)], ...output(11), releases: [] })
  await expect(runs.at(-1)).rejects.toThrow('Non tensor type')
  expect((await read(11)).tensor).toEqual(message(11, 22))
  const wrong = await run({
    session: 1,
    feeds: [message(1, 2), message(1, 2, 3)],
    ...output(12),
    releases: [],
  })
  expect(wrong.failure?.message).toContain('Got invalid dimensions')
})

describe.each([true, false])('Runtime (outputs allocated before: %s)', (preallocates) => {
  test('Runtime runs a session over stored and sent tensors', async () => {
    const { accept, run, read } = start(preallocates)
    accept(sumRequest(1))
    accept({ kind: 'store', storage: 10, tensor: message(1, 2) })
    const reply = await run({
      session: 1,
      feeds: [10, message(10, 20)],
      ...output(11),
      releases: [],
    })
    expect(reply.failure).toBeUndefined()
    expect(reply.runMs).toBeGreaterThan(0)
    expect((await read(11)).tensor).toEqual(message(11, 22))
    expect((await read(10)).tensor).toEqual(message(1, 2))
  })

  test('Runtime builds stored tensors into a session', async () => {
    const { accept, run, read } = start(preallocates)
    accept({ kind: 'store', storage: 10, tensor: message(100, 200) })
    accept(sumRequest(1, 10))
    accept({ kind: 'free', storages: [10] })
    await run({ session: 1, feeds: [message(1, 2)], ...output(11), releases: [] })
    expect((await read(11)).tensor).toEqual(message(101, 202))
    expect((await read(10)).failure).toEqual(GONE)
  })

  test('Runtime gives up what a run releases', async () => {
    const { accept, run, read } = start(preallocates)
    accept(sumRequest(1))
    accept({ kind: 'store', storage: 10, tensor: message(1, 2) })
    await run({ session: 1, feeds: [10, 10], ...output(11, 10), releases: [10] })
    await run({ session: 1, feeds: [11, 11], ...output(12, 11), releases: [] })
    expect((await read(10)).failure).toEqual(GONE)
    expect((await read(11)).tensor).toEqual(message(2, 4))
    expect((await read(12)).tensor).toEqual(message(4, 8))
  })

  test('Runtime lets state go on under its new id when a run fails', async () => {
    const { accept, run, read } = start(preallocates)
    accept({ kind: 'store', storage: 10, tensor: message(1, 2) })
    const reply = await run({ session: null, feeds: [], ...output(11, 10), releases: [] })
    expect(reply.failure).toEqual({ stage: 'compile', message: 'the session is gone' })
    await run({ session: null, feeds: [], ...output(12, 11), releases: [11] })
    accept({ kind: 'free', storages: [10] })
    expect((await read(11)).failure).toEqual(GONE)
    expect((await read(12)).tensor).toEqual(message(1, 2))
  })

  test('Runtime fails runs on the results of failed runs with the first cause', async () => {
    const { accept, run, read } = start(preallocates)
    accept(sumRequest(1))
    await run({ session: null, feeds: [], ...output(11), releases: [] })
    const reply = await run({
      session: 1,
      feeds: [11, message(1, 1)],
      ...output(12),
      releases: [],
    })
    expect(reply.failure).toEqual({ stage: 'input', message: 'the session is gone' })
    expect((await read(12)).failure).toEqual(reply.failure)
  })

  test('Runtime serves no session that was dropped, and none that could not be built', async () => {
    const { accept, run } = start(preallocates)
    accept(sumRequest(1))
    accept({ kind: 'drop', session: 1 })
    accept({ ...sumRequest(2), model: Uint8Array.of(1, 2, 3) })
    accept(sumRequest(3, 77))
    const order = { feeds: [message(1, 2), message(3, 4)], ...output(11), releases: [] }
    expect((await run({ session: 1, ...order })).failure).toEqual({
      stage: 'compile',
      message: 'the session is gone',
    })
    expect((await run({ session: 2, ...order })).failure?.stage).toBe('compile')
    expect((await run({ session: 3, ...order })).failure).toEqual({
      stage: 'compile',
      message: 'constant k0 is not there',
    })
  })
})

describe('Runtime', () => {
  test('Runtime finds out what its engine can run', async () => {
    const { ask } = start()
    const { capabilities } = await ask((ticket) => ({
      kind: 'configure',
      ticket,
      threads: 1,
      sparing: false,
    }))
    expect(capabilities).toEqual(
      expect.arrayContaining(['fusedMatMul', 'int16Quantize', 'float8', 'bfloat16']),
    )
  })

  test('Runtime answers a sync behind everything before it', async () => {
    const { accept, ask, run } = start()
    accept(sumRequest(1))
    const order: string[] = []
    const runs = run({
      session: 1,
      feeds: [message(1, 2), message(3, 4)],
      ...output(11),
      releases: [],
    })
    await Promise.all([
      runs.then(() => order.push('run')),
      ask((ticket) => ({ kind: 'sync', ticket })).then(() => order.push('sync')),
    ])
    expect(order).toEqual(['run', 'sync'])
  })

  test('Runtime names the output that there is no room for', async () => {
    const { accept, run } = start()
    const wide = fakeOperation('test.wide', { infer: () => [float32(2 ** 40)] })
    const x = new Value(float32(2))
    const value = emit(wide, [x], {})
    const model = lowerGraph({
      inputs: [{ value: x, name: 'i0' }],
      nodes: collectNodes([value]),
      outputs: [{ value, name: 'o0' }],
    })
    const outputs = [{ dtype: 'float32' as const, shape: [2 ** 40] }]
    const level = 'disabled'
    accept({ kind: 'compile', session: 1, model: encodeModel(model), constants: [], outputs, level })
    const { failure } = await run({ session: 1, feeds: [message(1, 2)], ...output(11), releases: [] })
    expect(failure).toEqual({
      stage: 'run',
      output: 'o0',
      message: 'Invalid typed array length: 1099511627776',
    })
  })
})
