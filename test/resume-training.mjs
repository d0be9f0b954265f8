// Trains a prepared model in two halves: a child process of resume-training.test.ts. `start` trains all steps in one go, and half of them up to a checkpoint;
// `resume` goes on from that in a process that knows nothing else.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  Adam,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Linear,
  loadStateDict,
  ModuleQuantizerConfig,
  manualSeed,
  QATSchedule,
  Quantizer,
  QuantizerConfig,
  Random,
  ReLU,
  readSafetensors,
  Sequential,
  saveStateDict,
  tensor,
  writeSafetensors,
} from 'lowbit'

const STEPS = 6
const HALF = 3
const SHAPE = [4, 2, 6, 6]
const [executionMode, phase, folder = ''] = process.argv.slice(2)
const at = (name) => join(folder, name)

const batch = (seed) => tensor(new Random(seed).normal(SHAPE.reduce((a, b) => a * b)), { shape: SHAPE })

async function open() {
  manualSeed(phase === 'start' ? 1 : 2)
  const model = new Sequential(
    new Conv2d(2, 4, 3),
    new BatchNorm2d(4),
    new ReLU(),
    new Flatten(),
    new Linear(64, 3),
  )
  // Both the checkpoint and what comes after it have a switch behind them.
  const qatSchedule = new QATSchedule({ enableFakeQuant: 1, disableObserver: 4 })
  const globalConfig = new ModuleQuantizerConfig({ qatSchedule })
  const quantizer = new Quantizer(model, new QuantizerConfig({ globalConfig, executionMode }))
  const prepared = await quantizer.prepare([batch(phase === 'start' ? 0 : 99)])
  return { quantizer, prepared, optimizer: new Adam(prepared.parameters(), { lr: 0.01 }) }
}

async function train({ quantizer, prepared, optimizer }, from, to) {
  const losses = []
  await quantizer.trainingMode(async () => {
    for (let i = from; i < to; i++) {
      optimizer.zeroGrad()
      const loss = prepared(batch(i)).pow(2).mean()
      loss.backward()
      optimizer.step()
      quantizer.step()
      losses.push(await loss.item())
    }
  })
  return losses
}

if (phase === 'start') {
  const whole = await open()
  const losses = [...(await train(whole, 0, 2)), ...(await train(whole, 2, STEPS))]
  await saveStateDict(whole.prepared, at('whole.safetensors'))
  writeFileSync(at('whole.json'), JSON.stringify(losses.slice(HALF)))
  const half = await open()
  await train(half, 0, HALF)
  await saveStateDict(half.prepared, at('model.safetensors'))
  const { groups, tensors } = await half.optimizer.stateDict()
  writeFileSync(at('optimizer.safetensors'), writeSafetensors(tensors))
  writeFileSync(at('training.json'), JSON.stringify({ groups, stepCount: half.quantizer.stepCount }))
} else {
  const training = await open()
  const { groups, stepCount } = JSON.parse(readFileSync(at('training.json'), 'utf8'))
  loadStateDict(training.prepared, readSafetensors(readFileSync(at('model.safetensors'))))
  training.optimizer.loadStateDict({
    groups,
    tensors: readSafetensors(readFileSync(at('optimizer.safetensors'))),
  })
  training.quantizer.stepCount = stepCount
  const losses = await train(training, HALF, STEPS)
  await saveStateDict(training.prepared, at('resumed.safetensors'))
  writeFileSync(at('resumed.json'), JSON.stringify(losses))
}
process.exit(0)
