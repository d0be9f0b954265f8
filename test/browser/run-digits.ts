import { F, loadStateDict, noGrad, readSafetensors, SGD, tensor } from 'lowbit'
import { digitNetwork } from '../../examples/digits/model.ts'

/** What a run of the digit network gives. */
export interface DigitsRun {
  /** Logits of all images before training, [N * 10]. */
  readonly logits: number[]
  /** Loss of each of three training steps. */
  readonly losses: number[]
}

/** Evaluates the digit network on images [N, 1, 28, 28] and makes three training steps on them: the same code in Node and in a page. */
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
  return { logits: Array.from(logits, Number), losses }
}
