// Train a classifier of handwritten digits, quantize it to 8 bits, fine-tune it, and write the file that ships.
import { mkdir } from 'node:fs/promises'
import {
  Adam,
  ArrayDataset,
  DataLoader,
  ExportBackend,
  F,
  manualSeed,
  noGrad,
  Quantizer,
  save,
  type Tensor,
  tensor,
} from 'lowbit'
import { loadDigits } from './digits/data.ts'
import { digitNetwork } from './digits/model.ts'

manualSeed(1)
const digits = await loadDigits()
const dataset = ({ images, labels }: typeof digits.train) =>
  new ArrayDataset({ data: images, shape: [1, 28, 28] }, { data: labels })
const training = new DataLoader(dataset(digits.train), { batchSize: 64, shuffle: true })
const testing = new DataLoader(dataset(digits.test), { batchSize: 100 })

async function trainEpoch(model: (x: Tensor) => Tensor, optimizer: Adam): Promise<void> {
  for await (const [images, labels] of training) {
    optimizer.zeroGrad()
    F.crossEntropy(model(images), labels).backward()
    optimizer.step()
  }
}

async function accuracy(model: (x: Tensor) => Tensor): Promise<string> {
  let correct = 0
  for await (const [images, labels] of testing) {
    correct += await noGrad(() => model(images).argmax(1).eq(labels).sum()).item()
  }
  return `${((100 * correct) / digits.test.count).toFixed(2)}%`
}

const model = digitNetwork()
await trainEpoch(model, new Adam(model.parameters(), { lr: 0.003 }))
console.log('float', await accuracy(model.eval()))

const quantizer = new Quantizer(model)
const example = tensor(digits.train.images.slice(0, 64 * 784), { shape: [64, 1, 28, 28] })
const prepared = await quantizer.prepare([example], { dynamicShapes: [{ 0: 'batch' }] })
await quantizer.calibrate([example])
console.log('int8, calibrated', await accuracy(prepared))

await quantizer.trainingMode(() => trainEpoch(prepared, new Adam(prepared.parameters(), { lr: 0.0003 })))
console.log('int8, fine-tuned', await accuracy(prepared))

await mkdir('out', { recursive: true })
await save(await quantizer.finalize({ backend: ExportBackend.ONNX }), 'out/digits.onnx', { overwrite: true })
