import { createHash } from 'node:crypto'
import {
  Adam,
  type ExecutionMode,
  F,
  type HostArray,
  manualSeed,
  noGrad,
  Quantizer,
  QuantizerConfig,
  Random,
  settled,
  stateDict,
  type Tensor,
  tensor,
} from 'lowbit'
import type { DigitSet, Digits } from '../../examples/digits/data.ts'
import { digitNetwork } from '../../examples/digits/model.ts'

/** What both sides do: QAT with the default config from random weights, and Adam. */
export const PARITY = { steps: 200, batch: 64, rate: 0.001 } as const

/** What one training starts from. */
export interface ParityInputs {
  readonly weights: ReadonlyMap<string, HostArray>
  /** Numbers of the training images in the order in which they are shown, [steps * batch]. */
  readonly order: Int32Array<ArrayBuffer>
  /** Of weights and order, as hexadecimal SHA-256: what tells whether recorded figures are of these inputs. */
  readonly checksum: string
}

/** What came out of one training. */
export interface ParityResult {
  /** Of each step, before its update. */
  readonly losses: readonly number[]
  /** Percentage of the test digits that are recognised. */
  readonly accuracy: number
}

/** Initial weights and order of the data for a seed. */
export async function parityInputs(seed: number, count: number): Promise<ParityInputs> {
  manualSeed(seed)
  const weights = await stateDict(digitNetwork())
  const order = orderOf(new Random(seed), count)
  const hash = createHash('sha256')
  for (const [name, { bytes }] of weights) hash.update(name).update(bytes)
  return { weights, order, checksum: hash.update(new Uint8Array(order.buffer)).digest('hex') }
}

/** Trains the digit network with its fake quantizers from the weights and in the order of a seed. */
export async function parityRun(
  digits: Digits,
  seed: number,
  executionMode: ExecutionMode,
): Promise<ParityResult> {
  const { order } = await parityInputs(seed, digits.train.count)
  manualSeed(seed)
  const model = digitNetwork()
  const quantizer = new Quantizer(model.eval(), new QuantizerConfig({ executionMode }))
  const { batch } = PARITY
  const example = take(digits.train, order.subarray(0, batch))
  const options = executionMode === 'graph' ? { dynamicShapes: [{ 0: 'batch' }] } : {}
  const prepared = await quantizer.prepare([example[0]], options)
  const losses: Promise<number>[] = []
  await quantizer.trainingMode(async () => {
    const optimizer = new Adam(prepared.parameters(), { lr: PARITY.rate })
    for (let step = 0; step < PARITY.steps; step++) {
      const [images, labels] = take(digits.train, order.subarray(step * batch, (step + 1) * batch))
      optimizer.zeroGrad()
      const loss = F.crossEntropy(prepared(images), labels)
      loss.backward()
      optimizer.step()
      losses.push(loss.item())
      if (step % 10 === 0) await losses.at(-1)
    }
    await settled()
  })
  return { losses: await Promise.all(losses), accuracy: await accuracy(prepared, digits.test) }
}

/** Epoch after epoch, each in an order of its own. */
function orderOf(random: Random, count: number): Int32Array<ArrayBuffer> {
  const order = new Int32Array(PARITY.steps * PARITY.batch)
  for (let start = 0; start < order.length; start += count)
    order.set(random.permutation(count).subarray(0, order.length - start), start)
  return order
}

async function accuracy(model: (images: Tensor) => Tensor, test: DigitSet): Promise<number> {
  const size = 100
  let correct = 0
  for (let start = 0; start < test.count; start += size) {
    const numbers = Int32Array.from({ length: size }, (_, i) => start + i)
    const [images, labels] = take(test, numbers)
    correct += await noGrad(() => model(images).argmax(1).eq(labels).sum()).item()
  }
  return (100 * correct) / test.count
}

function take({ images, labels }: DigitSet, numbers: Int32Array): readonly [images: Tensor, labels: Tensor] {
  const pixels = new Float32Array(numbers.length * 784)
  for (const [i, number] of numbers.entries())
    pixels.set(images.subarray(number * 784, (number + 1) * 784), i * 784)
  const meant = BigInt64Array.from(numbers, (number) => BigInt(labels[number] ?? -1))
  return [tensor(pixels, { shape: [numbers.length, 1, 28, 28] }), tensor(meant, { shape: [numbers.length] })]
}
