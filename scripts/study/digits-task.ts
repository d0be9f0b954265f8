import { ArrayDataset, DataLoader, F, noGrad } from 'lowbit'
import { type DigitSet, loadDigits } from '../../examples/digits/data.ts'
import { digitNetwork } from '../../examples/digits/model.ts'
import { convolutionConfig } from './configs.ts'
import type { Batch, OneToOne, Task } from './task.ts'

const BATCH = 64

/** Handwritten digits, by the network of the examples: 8,000 to train on, 2,000 to test on. */
export async function digitsTask(): Promise<Task> {
  const { train, test } = await loadDigits()
  return {
    name: 'digits',
    metric: 'accuracy',
    float: { steps: 375, rate: 0.003 },
    fineTuning: { steps: 125, rate: 0.001 },
    calibrationBatches: 20,
    dynamicShapes: [{ 0: 'batch' }],
    build: digitNetwork,
    config: convolutionConfig,
    batches: (seed, count) => batchesOf(train, seed, count),
    lossOf: (model, [images, labels]) => F.crossEntropy(model(images), labels),
    evaluate: (model) => accuracy(model, test),
  }
}

async function* batchesOf(digits: DigitSet, seed: number, count: number): AsyncGenerator<Batch> {
  const loader = new DataLoader(dataset(digits), { batchSize: BATCH, shuffle: true, dropLast: true, seed })
  for (let left = count; left > 0; )
    for await (const batch of loader)
      if (left-- > 0) yield batch
      else return
}

async function accuracy(model: OneToOne, digits: DigitSet): Promise<number> {
  let correct = 0
  for await (const [images, labels] of new DataLoader(dataset(digits), { batchSize: 100 }))
    correct += await noGrad(() => model(images).argmax(1).eq(labels).sum()).item()
  return (100 * correct) / digits.count
}

function dataset({ images, labels }: DigitSet) {
  return new ArrayDataset({ data: images, shape: [1, 28, 28] }, { data: labels })
}
