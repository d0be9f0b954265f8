import { createHash } from 'node:crypto'
import {
  Adam,
  type AnyModule,
  type ExecutionMode,
  F,
  type HostArray,
  manualSeed,
  noGrad,
  Quantizer,
  QuantizerConfig,
  Random,
  stateDict,
  type Tensor,
  tensor,
} from 'lowbit'
import type { DigitSet, Digits } from '../../examples/digits/data.ts'
import { digitNetwork } from '../../examples/digits/model.ts'

/** What both sides do with Adam: some steps from random weights, then more with the fake quantizers of the default config. */
export const PARITY = { floatSteps: 100, floatRate: 0.003, steps: 200, rate: 0.001, batch: 64 } as const

/** What one training starts from. */
export interface ParityInputs {
  readonly weights: ReadonlyMap<string, HostArray>
  /** Numbers of the training images in the order in which they are shown, [(floatSteps + steps) * batch]. */
  readonly order: Int32Array<ArrayBuffer>
  /** Of weights and order, as hexadecimal SHA-256: what tells whether recorded figures are of these inputs. */
  readonly checksum: string
}

/** What came out of one training. */
export interface ParityResult {
  /** Of each step without and then with fake quantizers, before its update. */
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

/** Trains the digit network from the weights and in the order of a seed, without and then with fake quantizers. */
export async function parityRun(
  digits: Digits,
  seed: number,
  executionMode: ExecutionMode,
): Promise<ParityResult> {
  const { order } = await parityInputs(seed, digits.train.count)
  const { floatSteps, floatRate, batch, rate } = PARITY
  const batches = Array.from({ length: order.length / batch }, (_, i) =>
    order.subarray(i * batch, (i + 1) * batch),
  )
  const batchAt = (numbers: Int32Array) => take(digits.train, numbers)
  manualSeed(seed)
  const model = digitNetwork()
  const losses = await train(model, batches.slice(0, floatSteps).map(batchAt), floatRate)
  const quantizer = new Quantizer(model.eval(), new QuantizerConfig({ executionMode }))
  const options = executionMode === 'graph' ? { dynamicShapes: [{ 0: 'batch' }] } : {}
  const quantized = batches.slice(floatSteps).map(batchAt)
  const prepared = await quantizer.prepare([quantized[0]?.[0]], options)
  await quantizer.trainingMode(async () => {
    losses.push(...(await train(prepared, quantized, rate)))
  })
  return { losses, accuracy: await accuracy(prepared, digits.test) }
}

/** The loss of every step, before its update. */
async function train(
  model: AnyModule & ((images: Tensor) => Tensor),
  batches: readonly (readonly [images: Tensor, labels: Tensor])[],
  lr: number,
): Promise<number[]> {
  const optimizer = new Adam(model.parameters(), { lr })
  const losses: Promise<number>[] = []
  for (const [images, labels] of batches) {
    optimizer.zeroGrad()
    const loss = F.crossEntropy(model(images), labels)
    loss.backward()
    optimizer.step()
    losses.push(loss.item())
    if (losses.length % 10 === 0) await losses.at(-1)
  }
  return Promise.all(losses)
}

/** Epoch after epoch, each in an order of its own. */
function orderOf(random: Random, count: number): Int32Array<ArrayBuffer> {
  const order = new Int32Array((PARITY.floatSteps + PARITY.steps) * PARITY.batch)
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
