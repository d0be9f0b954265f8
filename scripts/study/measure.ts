import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { loadSafetensors, manualSeed, Quantizer, saveStateDict } from 'lowbit'
import type { ConfigName, Mode } from './config-names.ts'
import type { FloatFigures, QuantizedFigures } from './figures.ts'
import type { Batch, OneToOne, Task } from './task.ts'
import { train } from './train.ts'

/** Says how far a training is. */
export type OnProgress = (done: number, total: number, loss: number) => void

const FOLDER = new URL('../../out/study/', import.meta.url)

/** Orders of the data differ from stage to stage, and from seed to seed. */
const CALIBRATION_SEED = 100
const FINE_TUNING_SEED = 200

/** Trains the model without quantization, keeps its weights for `measureQuantized`, and trains a copy as long again as the quantized ones. */
export async function measureFloat(task: Task, seed: number, onProgress: OnProgress): Promise<FloatFigures> {
  const model = await floatModel(task, seed, onProgress)
  const float = await task.evaluate(model)
  await train(task, model.train(), task.fineTuning, FINE_TUNING_SEED + seed, onProgress)
  return { float, longer: await task.evaluate(model.eval()) }
}

/** Quantizes the trained model: calibrates it (PTQ), then trains it with its fake quantizers (QAT). */
export async function measureQuantized(
  task: Task,
  configName: ConfigName,
  mode: Mode,
  seed: number,
  onProgress: OnProgress,
): Promise<QuantizedFigures> {
  const model = await floatModel(task, seed, onProgress)
  manualSeed(seed)
  const quantizer = new Quantizer(model, task.config(configName).setExecutionMode(mode))
  const calibration: Batch[] = []
  for await (const batch of task.batches(CALIBRATION_SEED + seed, task.calibrationBatches))
    calibration.push(batch)
  const inputs = calibration.map(([first]) => first)
  const { dynamicShapes } = task
  const options = mode === 'graph' && dynamicShapes !== undefined ? { dynamicShapes } : {}
  const prepared: OneToOne = await quantizer.prepare(inputs.slice(0, 1), options)
  await quantizer.calibrate(inputs)
  const ptq = await task.evaluate(prepared)
  await quantizer.trainingMode(() =>
    train(task, prepared, task.fineTuning, FINE_TUNING_SEED + seed, onProgress),
  )
  return { ptq, qat: await task.evaluate(prepared) }
}

/** The trained model of a seed, for evaluation: from its file, or trained now and kept. */
async function floatModel(task: Task, seed: number, onProgress: OnProgress): Promise<OneToOne> {
  manualSeed(seed)
  const model = task.build()
  const path = fileURLToPath(new URL(`${task.name}-${seed}.safetensors`, FOLDER))
  if (existsSync(path)) {
    await loadSafetensors(model, path)
  } else {
    await train(task, model.train(), task.float, seed, onProgress)
    mkdirSync(FOLDER, { recursive: true })
    await saveStateDict(model, path)
  }
  return model.eval()
}
