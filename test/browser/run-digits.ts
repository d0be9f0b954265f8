import {
  ExecutionMode,
  F,
  loadStateDict,
  ModuleQuantizerConfig,
  noGrad,
  progress,
  QATSchedule,
  Quantizer,
  QuantizerConfig,
  readSafetensors,
  SGD,
  type Tensor,
  tensor,
} from 'lowbit'
import { digitNetwork } from '../../examples/digits/model.ts'

/** What a run of the digit network gives. */
export interface DigitsRun {
  /** Logits of all images before training, [N * 10]. */
  readonly logits: number[]
  /** Loss of each of three training steps. */
  readonly losses: number[]
  /** Loss of each of three steps of quantization-aware training, in graph mode and in eager mode. */
  readonly graphLosses: number[]
  readonly eagerLosses: number[]
  /** Iterations that `progress` told of, and what the signal said that stopped the second loop. */
  readonly progressed: string[]
}

/** Evaluates the digit network on images [N, 1, 28, 28] and makes training steps on them, without and with fake quantizers: the same code in Node and in a page. */
export async function runDigits(
  weights: Uint8Array,
  images: Float32Array,
  labels: BigInt64Array,
): Promise<DigitsRun> {
  const model = digitNetwork()
  loadStateDict(model, readSafetensors(weights))
  const x = tensor(images, { shape: [labels.length, 1, 28, 28] })
  const y = tensor(labels)
  const logits = await noGrad(() => model.eval()(x)).data()
  model.train()
  const optimizer = new SGD(model.parameters(), { lr: 0.05, momentum: 0.9 })
  const losses: number[] = []
  for (let step = 0; step < 3; step++) {
    optimizer.zeroGrad()
    const loss = F.crossEntropy(model(x), y)
    loss.backward()
    optimizer.step()
    losses.push(await loss.item())
  }
  const graph = await quantized(weights, ExecutionMode.GRAPH, x, y)
  const eager = await quantized(weights, ExecutionMode.EAGER, x, y)
  return {
    logits: Array.from(logits, Number),
    losses,
    graphLosses: graph.losses,
    eagerLosses: eager.losses,
    progressed: [...graph.progressed, ...eager.progressed],
  }
}

/** The training loop with a schedule, as the quantizer's documentation has it, once whole and once stopped by a signal. */
async function quantized(weights: Uint8Array, executionMode: ExecutionMode, x: Tensor, y: Tensor) {
  const model = digitNetwork()
  loadStateDict(model, readSafetensors(weights))
  const qatSchedule = new QATSchedule({ enableObserver: 0, enableFakeQuant: 1, disableObserver: 2 })
  const globalConfig = new ModuleQuantizerConfig({ qatSchedule })
  const quantizer = new Quantizer(model.eval(), new QuantizerConfig({ globalConfig, executionMode }))
  const preparedModel = await quantizer.prepare([x])
  const optimizer = new SGD(preparedModel.parameters(), { lr: 0.05, momentum: 0.9 })
  const losses: number[] = []
  const progressed: string[] = []
  const controller = new AbortController()
  const onProgress = (done: number, total?: number) => progressed.push(`${done}/${total}`)
  const train = (signal: AbortSignal) =>
    quantizer.trainingMode(async () => {
      for await (const [data, target] of progress(
        [
          [x, y],
          [x, y],
          [x, y],
        ] as const,
        { onProgress, signal },
      )) {
        optimizer.zeroGrad()
        const loss = F.crossEntropy(preparedModel(data), target)
        loss.backward()
        optimizer.step()
        quantizer.step()
        losses.push(await loss.item())
      }
    })
  await train(controller.signal)
  controller.abort()
  await train(controller.signal).catch((error) => progressed.push(error.name))
  return { losses, progressed }
}
