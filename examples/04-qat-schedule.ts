// Fine-tune a network of 2-bit weights by a schedule, stop half way, and go on from a file: bit by bit as if nothing had happened.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import {
  Adam,
  ArrayDataset,
  DataLoader,
  F,
  loadStateDict,
  ModuleQuantizerConfig,
  manualSeed,
  noGrad,
  progress,
  QATSchedule,
  QuantizationSpec,
  Quantizer,
  QuantizerConfig,
  readSafetensors,
  readSafetensorsMetadata,
  stateDict,
  type Tensor,
  tensor,
  writeSafetensors,
} from 'lowbit'
import { loadDigits } from './digits/data.ts'
import { digitNetwork } from './digits/model.ts'

const EPOCHS = 2
const CHECKPOINT = 'out/qat-checkpoint.safetensors'

const digits = await loadDigits()
const dataset = ({ images, labels }: typeof digits.train) =>
  new ArrayDataset({ data: images, shape: [1, 28, 28] }, { data: labels })
// Half of the digits are enough here.
const some = {
  ...digits.train,
  images: digits.train.images.slice(0, 4096 * 784),
  labels: digits.train.labels.slice(0, 4096),
}
// Every epoch has a seed of its own, so that one that begins after a restart has the same order.
const epoch = (seed: number) => new DataLoader(dataset(some), { batchSize: 64, shuffle: true, seed })

async function accuracy(model: (x: Tensor) => Tensor): Promise<string> {
  let correct = 0
  for await (const [images, labels] of new DataLoader(dataset(digits.test), { batchSize: 64 }))
    correct += await noGrad(() => model(images).argmax(1).eq(labels).sum()).item()
  return `${((100 * correct) / digits.test.count).toFixed(2)}%`
}

manualSeed(1)
const float = digitNetwork()
const floatOptimizer = new Adam(float.parameters(), { lr: 0.003 })
for await (const [images, labels] of progress(epoch(0), { label: 'float' })) {
  floatOptimizer.zeroGrad()
  F.crossEntropy(float(images), labels).backward()
  floatOptimizer.step()
}
const weights = await stateDict(float)

// Ranges are observed from the start; weights and activations are quantized from step 20 on; ranges stay what they are from step 80 on.
const schedule = new QATSchedule({ enableObserver: 0, enableFakeQuant: 20, disableObserver: 80 })
const globalConfig = new ModuleQuantizerConfig({
  opStateSpec: { weight: new QuantizationSpec({ dtype: 'int2' }) },
  qatSchedule: schedule,
})

/** A prepared network with the weights of the float one, and what trains it. */
async function open() {
  const model = digitNetwork()
  loadStateDict(model, weights)
  const quantizer = new Quantizer(model.eval(), new QuantizerConfig({ globalConfig }))
  const example = tensor(digits.train.images.slice(0, 64 * 784), { shape: [64, 1, 28, 28] })
  const prepared = await quantizer.prepare([example], { dynamicShapes: [{ 0: 'batch' }] })
  return { quantizer, prepared, optimizer: new Adam(prepared.parameters(), { lr: 0.001 }) }
}
type Run = Awaited<ReturnType<typeof open>>

/** One epoch. Tells what the schedule switches. */
async function train({ quantizer, prepared, optimizer }: Run, seed: number): Promise<void> {
  let last = ''
  await quantizer.trainingMode(async () => {
    for await (const [images, labels] of progress(epoch(seed), { label: `epoch ${seed}` })) {
      const { observer, fakeQuant } = schedule.stateAt(quantizer.stepCount)
      const phase = `observers ${observer ? 'on' : 'off'}, quantization ${fakeQuant ? 'on' : 'off'}`
      if (phase !== last) console.log(`step ${quantizer.stepCount}: ${phase}`)
      last = phase
      optimizer.zeroGrad()
      F.crossEntropy(prepared(images), labels).backward()
      optimizer.step()
      quantizer.step()
    }
  })
}

/** Everything that training goes on from: states of the model with its ranges, of the optimizer, and the number of steps. */
async function saveCheckpoint({ quantizer, prepared, optimizer }: Run): Promise<void> {
  const { tensors, groups } = await optimizer.stateDict()
  const states = [...(await stateDict(prepared))].map(([name, array]) => [`model.${name}`, array] as const)
  const moments = [...tensors].map(([name, array]) => [`optimizer.${name}`, array] as const)
  const metadata = { steps: String(quantizer.stepCount), groups: JSON.stringify(groups) }
  await mkdir('out', { recursive: true })
  await writeFile(CHECKPOINT, writeSafetensors([...states, ...moments], new Map(Object.entries(metadata))))
}

async function loadCheckpoint({ quantizer, prepared, optimizer }: Run): Promise<void> {
  const bytes = await readFile(CHECKPOINT)
  const part = (prefix: string) =>
    new Map(
      [...readSafetensors(bytes)].flatMap(([name, array]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), array]] : [],
      ),
    )
  const metadata = readSafetensorsMetadata(bytes)
  loadStateDict(prepared, part('model.'))
  optimizer.loadStateDict({
    groups: JSON.parse(metadata.get('groups') ?? '[]'),
    tensors: part('optimizer.'),
  })
  quantizer.stepCount = Number(metadata.get('steps'))
}

const whole = await open()
console.log('float', await accuracy(float.eval()))
console.log('2-bit weights, not fine-tuned', await accuracy(whole.prepared))
for (let seed = 1; seed <= EPOCHS; seed++) {
  await train(whole, seed)
  if (seed === 1) await saveCheckpoint(whole)
}
console.log('2-bit weights, fine-tuned', await accuracy(whole.prepared))

// As another process would: a new model and a new quantizer, from the file.
const resumed = await open()
await loadCheckpoint(resumed)
console.log(`goes on from ${CHECKPOINT} after ${resumed.quantizer.stepCount} steps`)
for (let seed = 2; seed <= EPOCHS; seed++) await train(resumed, seed)
console.log('2-bit weights, fine-tuned in two parts', await accuracy(resumed.prepared))

const [one, other] = [await stateDict(whole.prepared), await stateDict(resumed.prepared)]
const differing = [...one].filter(
  ([name, { bytes }]) => Buffer.compare(bytes, other.get(name)?.bytes ?? new Uint8Array()) !== 0,
)
console.log(`${one.size} states, of which ${differing.length} differ in any bit`)
if (differing.length > 0) process.exitCode = 1
