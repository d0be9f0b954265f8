// The second example: train, quantize, fine-tune, export and check a classifier of handwritten digits, with a table at the end.
import { mkdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import {
  Adam,
  ArrayDataset,
  DataLoader,
  ExportBackend,
  F,
  manualSeed,
  noGrad,
  Quantizer,
  QuantizerConfig,
  save,
  saveStateDict,
  settled,
  type Tensor,
} from 'lowbit'
import { accuracy, compare } from './compare.ts'
import { type DigitSet, loadDigits } from './data.ts'
import { type ExportedRun, runExported } from './exported.ts'
import { digitNetwork } from './model.ts'
import { type Progress, stage } from './stage.ts'

const BATCH = 64
const FLOAT_EPOCHS = 8
const CALIBRATION_BATCHES = 20
const FLOAT_FILE = fileURLToPath(new URL('../../out/digits-float.safetensors', import.meta.url))
const ONNX_FILE = fileURLToPath(new URL('../../out/digits-int8.onnx', import.meta.url))

/** A model that is called with images [N, 1, 28, 28] and gives logits [N, 10]. */
type Classifier = (images: Tensor) => Tensor

function datasetOf({ images, labels }: DigitSet) {
  return new ArrayDataset({ data: images, shape: [1, 28, 28] }, { data: labels })
}

/** Trains for some epochs; the learning rate falls to nothing along half a cosine. */
async function train(
  model: Classifier,
  optimizer: Adam,
  digits: DigitSet,
  epochs: number,
  progress: Progress,
): Promise<void> {
  const loader = new DataLoader(datasetOf(digits), { batchSize: BATCH, shuffle: true, dropLast: true })
  const total = epochs * (loader.length ?? 0)
  const initialRate = optimizer.lr
  let done = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const [images, labels] of loader) {
      optimizer.lr = (initialRate / 2) * (1 + Math.cos((Math.PI * done) / total))
      optimizer.zeroGrad()
      const loss = F.crossEntropy(model(images), labels)
      loss.backward()
      optimizer.step()
      done += 1
      if (done % 10 === 0) await loss.item()
      progress(done, total)
    }
  }
  await settled()
}

/** Logits of all digits, and the time that they took. The first batch is run once before, to compile. */
async function evaluate(model: Classifier, digits: DigitSet, progress: Progress): Promise<ExportedRun> {
  const loader = new DataLoader(datasetOf(digits), { batchSize: 100 })
  const logits = new Float32Array(digits.count * 10)
  for await (const [images] of loader) {
    await noGrad(() => model(images)).realize()
    break
  }
  const started = performance.now()
  let filled = 0
  for await (const [images] of loader) {
    const data = await noGrad(() => model(images)).data()
    logits.set(Float32Array.from(data, Number), filled)
    filled += data.length
    progress(filled / 10, digits.count)
  }
  return { logits, msPerImage: (performance.now() - started) / digits.count }
}

async function* calibrationBatches(digits: DigitSet): AsyncGenerator<Tensor> {
  let count = 0
  for await (const [images] of new DataLoader(datasetOf(digits), {
    batchSize: BATCH,
    shuffle: true,
    seed: 2,
  })) {
    if (count++ === CALIBRATION_BATCHES) return
    yield images
  }
}

await mkdir(new URL('../../out/', import.meta.url), { recursive: true })
manualSeed(1)
const digits = await loadDigits()
const model = digitNetwork()
const test = digits.test

await stage(`Train the float model, ${FLOAT_EPOCHS} epochs`, (progress) =>
  train(model, new Adam(model.parameters(), { lr: 0.003 }), digits.train, FLOAT_EPOCHS, progress),
)
await saveStateDict(model.eval(), FLOAT_FILE, { overwrite: true })
const float = await stage('Evaluate the float model', (progress) => evaluate(model, test, progress))

const quantizer = new Quantizer(model, new QuantizerConfig())
const prepared = await stage('Prepare: capture the model and insert fake quantizers', async () => {
  for await (const example of calibrationBatches(digits.train))
    return quantizer.prepare([example], { dynamicShapes: [{ 0: 'batch' }] })
  throw new RangeError('Cannot prepare: expected training digits, got none')
})
await stage(`Calibrate on ${CALIBRATION_BATCHES} batches`, (progress) =>
  quantizer.calibrate(calibrationBatches(digits.train), {
    onProgress: (done) => progress(done, CALIBRATION_BATCHES),
  }),
)
const ptq = await stage('Evaluate the calibrated model (PTQ)', (progress) =>
  evaluate(prepared, test, progress),
)

await stage('Fine-tune with quantization in the loop (QAT), one epoch', (progress) =>
  quantizer.trainingMode(() =>
    train(prepared, new Adam(prepared.parameters(), { lr: 0.0003 }), digits.train, 1, progress),
  ),
)
const qat = await stage('Evaluate the fine-tuned model', (progress) => evaluate(prepared, test, progress))

await stage('Finalize to ONNX and write the file', async () =>
  save(await quantizer.finalize({ backend: ExportBackend.ONNX }), ONNX_FILE, { overwrite: true }),
)
const plain = await stage('Run the file, graph optimizations off', (progress) =>
  runExported(ONNX_FILE, test, false, progress),
)
const optimized = await stage('Run the file, graph optimizations on', (progress) =>
  runExported(ONNX_FILE, test, true, progress),
)

const floatBytes = (await stat(FLOAT_FILE)).size
const onnxBytes = (await stat(ONNX_FILE)).size
const table = new Table({
  style: { head: [], border: [] },
  head: ['', 'accuracy', 'bytes', 'ms per image', 'equal to QAT', 'largest difference'],
  colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
})
const row = (name: string, run: ExportedRun, bytes: number | undefined, compared: boolean) => {
  const { equal, maxDifference } = compare(qat.logits, run.logits)
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`
  table.push([
    name,
    percent(accuracy(run.logits, test)),
    bytes?.toLocaleString('en') ?? '',
    run.msPerImage.toFixed(3),
    compared ? percent(equal) : '',
    compared ? maxDifference.toExponential(1) : '',
  ])
}
row('float', float, floatBytes, false)
row('PTQ, simulated', ptq, undefined, false)
row('QAT, simulated', qat, undefined, false)
row('ONNX file', plain, onnxBytes, true)
row('ONNX file, optimized', optimized, onnxBytes, true)
console.log(table.toString())
console.log(`Written: ${ONNX_FILE}`)
