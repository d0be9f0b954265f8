/**
 * Trains a small network for thousands of steps, prints the memory of the process as it goes, and fails when it grows: a network made of raw
 * operations, or with `eager` a module that is prepared in eager mode, with fake quantizers and a schedule. Garbage is collected before each look,
 * so that the heap is what something still refers to; the resident set also holds the worker, its engine, and what the allocators keep for later.
 *
 *     npx tsx scripts/check-memory.ts [STEPS] [eager]
 */
import '../test/setup.ts'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { noGrad, recorder } from '../src/engine/recorder.ts'
import { composite, fromHost, type Tensor } from '../src/engine/tensor.ts'
import { ReLU } from '../src/nn/layers/activations.ts'
import { Linear } from '../src/nn/layers/linear.ts'
import { Sequential } from '../src/nn/layers/sequential.ts'
import { SGD } from '../src/nn/optimizers/sgd.ts'
import { Parameter } from '../src/nn/parameter.ts'
import { ModuleQuantizerConfig } from '../src/quantization/config/module-quantizer-config.ts'
import { QATSchedule } from '../src/quantization/config/qat-schedule.ts'
import { QuantizerConfig } from '../src/quantization/config/quantizer-config.ts'
import { Quantizer } from '../src/quantization/quantizer.ts'
import { fromTypedArray } from '../src/tensor/from-typed-array.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { Random } from '../src/tensor/random.ts'

const STEPS = Number(process.argv[2] ?? 5000)
const IS_EAGER = process.argv[3] === 'eager'
/** Steps between two looks; caches and pools have their size after the first. */
const INTERVAL = Math.max(1, Math.ceil(STEPS / 10))
/** Between the medians of the first and the last half of the looks. */
const MAX_GROWTH_MB = { heap: 0.5, resident: 25 } as const
const [BATCH, INPUTS, HIDDEN, OUTPUTS] = [64, 256, 256, 10]

const random = new Random(0)

function noise(shape: readonly number[], std: number): HostArray {
  return fromTypedArray(random.normal(shape, 0, std), shape)
}

const parameters = [
  new Parameter(noise([INPUTS, HIDDEN], INPUTS ** -0.5)),
  new Parameter(noise([HIDDEN], 0)),
  new Parameter(noise([HIDDEN, OUTPUTS], HIDDEN ** -0.5)),
]
const [first, bias, second] = parameters
const target = fromHost(noise([INPUTS, OUTPUTS], INPUTS ** -0.5))

function forward(x: Tensor): Tensor {
  if (first === undefined || bias === undefined || second === undefined)
    throw new TypeError('expected three parameters')
  return composite(() => {
    const error = x.matmul(first).add(bias).relu().matmul(second).sub(x.matmul(target))
    return error
      .mul(error)
      .sum()
      .mul(1 / (BATCH * OUTPUTS))
  })
}

type Step = (rate: number, early: boolean) => Promise<Tensor>

/** One step of stochastic gradient descent; the rate is fed, so that it may change. `early` reads the loss before its gradient is recorded. */
async function rawStep(rate: number, early: boolean): Promise<Tensor> {
  const loss = forward(fromHost(noise([BATCH, INPUTS], 1)))
  if (early) await loss.realize()
  for (const parameter of parameters) parameter.grad = null
  loss.backward()
  const factor = fromHost(fromTypedArray(Float32Array.of(rate), []))
  noGrad(() =>
    composite(() => {
      for (const parameter of parameters) {
        if (parameter.grad !== null) parameter.assign(parameter.sub(parameter.grad.mul(factor)))
      }
    }),
  )
  recorder.flush(new Set(parameters))
  return loss
}

/** The same as quantization-aware training of a module in eager mode; the mode is never left. Half way, observers are switched off. */
async function eagerStep(): Promise<Step> {
  const model = new Sequential(new Linear(INPUTS, HIDDEN), new ReLU(), new Linear(HIDDEN, OUTPUTS))
  const qatSchedule = new QATSchedule({ disableObserver: Math.ceil(STEPS / 2) })
  const globalConfig = new ModuleQuantizerConfig({ qatSchedule })
  const quantizer = new Quantizer(model, new QuantizerConfig({ globalConfig, executionMode: 'eager' }))
  const prepared = await quantizer.prepare([fromHost(noise([BATCH, INPUTS], 1))])
  quantizer.trainingMode()
  const optimizer = new SGD(prepared.parameters(), { lr: 0.05, momentum: 0.9 })
  return async (_, early) => {
    const x = fromHost(noise([BATCH, INPUTS], 1))
    optimizer.zeroGrad()
    const loss = prepared(x).sub(x.matmul(target)).pow(2).mean()
    if (early) await loss.realize()
    loss.backward()
    optimizer.step()
    quantizer.step()
    return loss
  }
}

/** What a look at the process finds, in MB. */
type Look = Readonly<Record<keyof typeof MAX_GROWTH_MB, number>>

setFlagsFromString('--expose-gc')
const collectGarbage: unknown = runInNewContext('gc')

function look(): Look {
  if (typeof collectGarbage === 'function') collectGarbage()
  const { rss, heapUsed } = process.memoryUsage()
  return { heap: heapUsed / 2 ** 20, resident: rss / 2 ** 20 }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** From the first half of the looks to the last, the very first left out. */
function growthOf(looks: readonly Look[], what: keyof Look): number {
  const values = looks.slice(1).map((each) => each[what])
  const half = values.length >> 1
  return median(values.slice(-half)) - median(values.slice(0, half))
}

const step: Step = IS_EAGER ? await eagerStep() : rawStep
const started = performance.now()
const looks: Look[] = []
for (let count = 1; count <= STEPS; count++) {
  const loss = await step(0.05 / (1 + count / STEPS), count % 2 === 0)
  if (count % 10 !== 0 && count % INTERVAL !== 0) continue
  const value = await loss.item()
  if (count % INTERVAL !== 0) continue
  const { heap, resident } = look()
  looks.push({ heap, resident })
  process.stdout.write(
    `step ${String(count).padStart(6)}  loss ${value.toFixed(4)}  heap ${heap.toFixed(2)} MB  resident ${resident.toFixed(0)} MB\n`,
  )
}
const perStep = (performance.now() - started) / STEPS
await recorder.close()
process.stdout.write(`${perStep.toFixed(2)} ms a step\n`)
for (const what of ['heap', 'resident'] as const) {
  const [growth, limit] = [growthOf(looks, what), MAX_GROWTH_MB[what]]
  process.stdout.write(`growth of the ${what} memory: ${growth.toFixed(2)} MB\n`)
  if (growth <= limit) continue
  process.stderr.write(
    `Cannot accept the memory of ${STEPS} steps: expected at most ${limit} MB more ${what} memory, got ${growth.toFixed(2)} MB\n`,
  )
  process.exitCode = 1
}
