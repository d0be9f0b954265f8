/**
 * Trains a small network for thousands of steps, and fails when the process grows: one made of raw operations, or with `eager` a module that is
 * prepared in eager mode, with fake quantizers and a schedule.
 *
 *     npx tsx scripts/check-memory.ts [STEPS] [eager]
 */
import '../test/setup.ts'
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
/** Steps after which caches and pools have their size. */
const WARM_UP = Math.min(500, Math.ceil(STEPS / 2))
const MAX_GROWTH_MB = 50
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

function megabytes(): number {
  return process.memoryUsage().rss / 2 ** 20
}

function report(count: number, loss: number): void {
  process.stdout.write(
    `step ${String(count).padStart(5)}  loss ${loss.toFixed(4)}  rss ${megabytes().toFixed(1)} MB\n`,
  )
}

const step: Step = IS_EAGER ? await eagerStep() : rawStep
const started = performance.now()
let base = 0
for (let count = 1; count <= STEPS; count++) {
  const loss = await step(0.05 / (1 + count / STEPS), count % 2 === 0)
  const value = count % 10 === 0 || count === STEPS ? await loss.item() : undefined
  if (count === WARM_UP) base = megabytes()
  if (value !== undefined && (count % 500 === 0 || count === STEPS)) report(count, value)
}
const growth = megabytes() - base
const perStep = (performance.now() - started) / STEPS
process.stdout.write(
  `growth from step ${WARM_UP} on: ${growth.toFixed(1)} MB; ${perStep.toFixed(2)} ms a step\n`,
)
await recorder.close()
if (growth > MAX_GROWTH_MB) {
  process.stderr.write(
    `Cannot accept the memory of ${STEPS} steps: expected at most ${MAX_GROWTH_MB} MB more, got ${growth.toFixed(1)} MB\n`,
  )
  process.exitCode = 1
}
