/** What lowbit runs in the benchmark: the counterpart of workloads.py. */
import {
  configureEngine,
  ExecutionMode,
  engineStats,
  F,
  type Module,
  manualSeed,
  noGrad,
  Quantizer,
  QuantizerConfig,
  Random,
  SGD,
  type Tensor,
  tensor,
} from 'lowbit'
import { buildModel, INPUTS } from './models.ts'
import type { BenchKind, BenchModel } from './rival.ts'

const LEARNING_RATE = 0.01
const MOMENTUM = 0.9

/** Where the milliseconds of one training step went, as the thread sees it that records. */
export interface StepTimes {
  /** Recording forward, backward and update. */
  readonly record: number
  /** Finding or making the program, and handing it over. */
  readonly dispatch: number
  /** In ONNX Runtime, beside the recording thread. */
  readonly run: number
  readonly whole: number
}

/** One iteration of a workload, and what leaves its mode. */
export interface Workload extends AsyncDisposable {
  /** Where the time of each iteration went; empty for what is no training step. The first one compiles. */
  readonly times: readonly StepTimes[]
  /** Runs once and gives the milliseconds. */
  run(): Promise<number>
}

/** Sets the engine up as the rival is: two threads. */
export function configure(): void {
  configureEngine({ threads: 2 })
}

/** Makes a workload; the first run compiles. */
export async function makeWorkload(name: BenchModel, kind: BenchKind): Promise<Workload> {
  const { images, labels } = batch(name)
  manualSeed(0)
  const model = buildModel(name)
  if (kind === 'float_forward') return forward(model.eval(), images)
  if (kind === 'float_step') return step(model.train(), images, labels)
  const executionMode = kind === 'eager_qat_step' ? ExecutionMode.EAGER : ExecutionMode.GRAPH
  const quantizer = new Quantizer(model.eval(), new QuantizerConfig({ executionMode }))
  const prepared = await quantizer.prepare([images])
  if (kind === 'prepared_forward') {
    await quantizer.calibrate([images])
    return forward(prepared, images)
  }
  if (kind === 'calibration_forward') return forward(prepared, images, quantizer.calibrationMode())
  return step(prepared, images, labels, quantizer.trainingMode())
}

/** Milliseconds of one prepare() on a fresh model. */
export async function timePrepare(name: BenchModel): Promise<number> {
  const { images } = batch(name)
  const quantizer = new Quantizer(buildModel(name).eval(), new QuantizerConfig())
  const started = performance.now()
  await quantizer.prepare([images])
  return performance.now() - started
}

function batch(name: BenchModel): { images: Tensor; labels: Tensor } {
  const { shape, classes } = INPUTS[name]
  const random = new Random(1)
  const size = shape.reduce((product, dim) => product * dim, 1)
  const [count = 1] = shape
  const integers = (length: number) => BigInt64Array.from(random.integers(0, classes, length), BigInt)
  if (name === 'transformer')
    return { images: tensor(integers(size), { shape }), labels: tensor(integers(size)) }
  const images = tensor(random.normal(size), { shape })
  const labels = tensor(integers(count))
  return { images, labels }
}

function forward(model: Callable, images: Tensor, mode?: AsyncDisposable): Workload {
  return workload(async () => {
    await noGrad(async () => asTensor(model(images)).realize())
  }, mode)
}

function step(
  model: Callable & Module<never, unknown>,
  images: Tensor,
  labels: Tensor,
  mode?: AsyncDisposable,
): Workload {
  const optimizer = new SGD(model.parameters(), { lr: LEARNING_RATE, momentum: MOMENTUM })
  const times: StepTimes[] = []
  const body = async () => {
    const before = engineStats()
    const started = performance.now()
    optimizer.zeroGrad()
    const logits = asTensor(model(images))
    const loss = F.crossEntropy(F.flatten(logits, 0, -2), labels)
    loss.backward()
    optimizer.step()
    const recorded = performance.now() - started
    await loss.item()
    const after = engineStats()
    const dispatch = after.dispatchMs - before.dispatchMs
    times.push({
      record: recorded - dispatch,
      dispatch,
      run: after.runMs - before.runMs,
      whole: performance.now() - started,
    })
  }
  return { ...workload(body, mode), times }
}

type Callable = (x: Tensor) => unknown

function asTensor(output: unknown): Tensor {
  return output as Tensor
}

function workload(body: () => Promise<void>, mode?: AsyncDisposable): Workload {
  return {
    times: [],
    async run() {
      const started = performance.now()
      await body()
      return performance.now() - started
    },
    async [Symbol.asyncDispose]() {
      await mode?.[Symbol.asyncDispose]()
    },
  }
}
