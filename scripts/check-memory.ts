/**
 * Trains a small network made of raw operations for thousands of steps, and fails when the process grows.
 *
 *     npx tsx scripts/check-memory.ts [STEPS]
 */
import '../test/setup.ts'
import { noGrad, recorder } from '../src/engine/recorder.ts'
import { composite, fromHost, type Tensor } from '../src/engine/tensor.ts'
import { Parameter } from '../src/nn/parameter.ts'
import { fromTypedArray } from '../src/tensor/from-typed-array.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { Random } from '../src/tensor/random.ts'

const STEPS = Number(process.argv[2] ?? 5000)
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

/** One step of stochastic gradient descent; the rate is fed, so that it may change. `early` reads the loss before its gradient is recorded. */
async function step(rate: number, early: boolean): Promise<Tensor> {
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

function megabytes(): number {
  return process.memoryUsage().rss / 2 ** 20
}

function report(count: number, loss: number): void {
  process.stdout.write(
    `step ${String(count).padStart(5)}  loss ${loss.toFixed(4)}  rss ${megabytes().toFixed(1)} MB\n`,
  )
}

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
