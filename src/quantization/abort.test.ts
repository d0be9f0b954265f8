import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { recorder } from '../engine/recorder.ts'
import { fromHost, type Tensor } from '../engine/tensor.ts'
import { Linear } from '../nn/layers/linear.ts'
import { type AnyModule, Module } from '../nn/module.ts'
import { SGD } from '../nn/optimizers/sgd.ts'
import { progress } from '../nn/progress.ts'
import { stateDict } from '../nn/state-dict.ts'
import { ExecutionMode, ExportBackend } from './config/execution-mode.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { FakeQuantize } from './fake-quantize/fake-quantize.ts'
import { Quantizer } from './quantizer.ts'

afterAll(() => recorder.device.close())

const stopped: RangeError = new RangeError('stopped')

class Net extends Module {
  readonly a: Linear = new Linear(4, 8)
  readonly b: Linear = new Linear(8, 2)

  override forward(x: Tensor): Tensor {
    return this.b(this.a(x).relu())
  }
}

function setUp(executionMode: ExecutionMode) {
  const model = new Net().eval()
  const quantizer = new Quantizer(model, new QuantizerConfig({ executionMode }))
  return { model, quantizer, controller: new AbortController() }
}

/** Whether each fake quantizer of a model observes and quantizes. */
function switches(model: AnyModule): boolean[][] {
  return Array.from(model.namedModules()).flatMap(([, module]) =>
    module instanceof FakeQuantize ? [[module.observerEnabled, module.fakeQuantEnabled]] : [],
  )
}

/** A signal that is aborted when it is asked for the given time. */
function abortedAt(count: number): AbortSignal {
  const controller = new AbortController()
  const { signal } = controller
  let asked = 0
  signal.throwIfAborted = () => {
    if (++asked >= count) throw stopped
  }
  return signal
}

/** How often an action asks its signal. */
async function countChecks(action: (signal: AbortSignal) => Promise<unknown>): Promise<number> {
  let asked = 0
  const { signal } = new AbortController()
  signal.throwIfAborted = () => {
    asked++
  }
  await action(signal)
  return asked
}

describe.each([ExecutionMode.GRAPH, ExecutionMode.EAGER])('in %s mode', (mode) => {
  test('Quantizer.prepare() that is aborted, wherever it is, leaves the model as it was', async () => {
    const example = randn([3, 4])
    const checks = await countChecks((signal) => setUp(mode).quantizer.prepare([example], { signal }))
    expect(checks).toBeGreaterThanOrEqual(3)
    const { model, quantizer } = setUp(mode)
    const names = [...(await stateDict(model)).keys()]
    for (let count = 1; count <= checks; count++) {
      await expect(quantizer.prepare([example], { signal: abortedAt(count) })).rejects.toBe(stopped)
      expect([...(await stateDict(model)).keys()]).toEqual(names)
      expect(recorder.interceptor).toBeUndefined()
    }
    await quantizer.prepare([example])
  })

  test('Quantizer.calibrate() that is aborted stops between two batches and leaves its mode', async () => {
    const { model, quantizer, controller } = setUp(mode)
    const prepared = await quantizer.prepare([randn([3, 4])])
    model.train()
    const progressed: number[] = []
    const onProgress = (done: number) => {
      progressed.push(done)
      if (done === 2) controller.abort(stopped)
    }
    const data = Array.from({ length: 4 }, () => randn([3, 4]))
    const { signal } = controller
    await expect(quantizer.calibrate(data, { onProgress, signal })).rejects.toBe(stopped)
    expect(progressed).toEqual([1, 2])
    expect(new Set(switches(prepared).map(String))).toEqual(new Set(['false,true']))
    await quantizer.calibrate(data)
    expect((await prepared(randn([3, 4])).array()).shape).toEqual([3, 2])
  })

  test('Quantizer.trainingMode() around a loop that is aborted is left, and can be entered again', async () => {
    const { quantizer, controller } = setUp(mode)
    const prepared = await quantizer.prepare([randn([3, 4])])
    const optimizer = new SGD(prepared.parameters(), { lr: 0.1 })
    const data = Array.from({ length: 4 }, () => randn([3, 4]))
    let steps = 0
    const train = (signal?: AbortSignal) =>
      quantizer.trainingMode(async () => {
        for await (const x of progress(data, signal === undefined ? {} : { signal })) {
          optimizer.zeroGrad()
          prepared(x).pow(2).mean().backward()
          optimizer.step()
          if (++steps === 2) controller.abort(stopped)
        }
      })
    await expect(train(controller.signal)).rejects.toBe(stopped)
    expect(steps).toBe(2)
    expect(prepared.training).toBe(false)
    expect(new Set(switches(prepared).map(String))).toEqual(new Set(['false,true']))
    await train()
    expect(steps).toBe(6)
  })

  test.each([ExportBackend.CoreAI, ExportBackend.CoreML])(
    'Quantizer.finalize() for %s that is aborted, wherever it is, leaves the prepared model as it was',
    async (backend) => {
      const x = randn([3, 4])
      const prepareOne = async () => {
        const { quantizer } = setUp(mode)
        return { quantizer, prepared: await quantizer.prepare([x]) }
      }
      const { quantizer: counted } = await prepareOne()
      const checks = await countChecks((signal) => counted.finalize({ backend, signal }))
      expect(checks).toBeGreaterThanOrEqual(4)
      const { quantizer, prepared } = await prepareOne()
      const before = fromHost(await prepared(x).array())
      const names = [...(await stateDict(prepared)).keys()]
      for (let count = 1; count <= checks; count++) {
        await expect(quantizer.finalize({ backend, signal: abortedAt(count) })).rejects.toBe(stopped)
        expect([...(await stateDict(prepared)).keys()]).toEqual(names)
      }
      expect(await prepared(x).sub(before).abs().amax().item()).toBe(0)
      await quantizer.finalize({ backend })
    },
  )
})

test('Quantizer.finalize() that is aborted while it writes files leaves no folder', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'lowbit-'))
  const mmapDir = join(parent, 'weights')
  const { quantizer } = setUp(ExecutionMode.EAGER)
  await quantizer.prepare([randn([3, 4])])
  for (const count of [2, 3, 4])
    await expect(quantizer.finalize({ mmapDir, signal: abortedAt(count) })).rejects.toBe(stopped)
  expect(readdirSync(parent)).toEqual([])
  await quantizer.finalize({ mmapDir })
  expect(existsSync(mmapDir)).toBe(true)
})
