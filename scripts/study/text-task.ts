import { F, noGrad, type Tensor } from 'lowbit'
import { consecutiveWindows, loadText, randomWindows } from '../../examples/text/data.ts'
import { CharacterTransformer } from '../../examples/text/model.ts'
import { blockConfig } from './configs.ts'
import type { Batch, OneToOne, Task } from './task.ts'

const BATCH = 16
const CONTEXT = 64

/** The next character of a play, by a transformer of two blocks: nine tenths to train on, the rest to test on. */
export async function textTask(): Promise<Task> {
  const { characters, train, test } = await loadText()
  const sizes = { characters: characters.length, context: CONTEXT, width: 64, heads: 4, blocks: 2 }
  return {
    name: 'text',
    metric: 'loss',
    float: { steps: 1500, rate: 0.003 },
    fineTuning: { steps: 200, rate: 0.001 },
    calibrationBatches: 20,
    dynamicShapes: undefined,
    build: () => new CharacterTransformer(sizes),
    config: blockConfig,
    batches: (seed, count) => randomWindows(train, BATCH, CONTEXT, seed, count),
    lossOf,
    evaluate: (model) => meanLoss(model, [...consecutiveWindows(test, BATCH, CONTEXT)]),
  }
}

/** Mean of -log p of the characters that follow, in nats. */
function lossOf(model: OneToOne, [characters, next]: Batch): Tensor {
  return F.crossEntropy(F.flatten(model(characters), 0, 1), next.view([-1]))
}

async function meanLoss(model: OneToOne, batches: readonly Batch[]): Promise<number> {
  let sum = 0
  for (const batch of batches) sum += await noGrad(() => lossOf(model, batch)).item()
  return sum / batches.length
}
