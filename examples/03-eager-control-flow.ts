// Quantize a model that decides by values: it looks at a batch of digits again, in a loop, as long as it is unsure. No graph can hold that, so eager mode
// quantizes the module in place, while it runs.
import {
  Adam,
  ArrayDataset,
  DataLoader,
  ExecutionMode,
  ExportBackend,
  F,
  Linear,
  Module,
  manualSeed,
  noGrad,
  progress,
  Quantizer,
  QuantizerConfig,
  stateDict,
  type Tensor,
} from 'lowbit'
import { loadDigits } from './digits/data.ts'

const SURE = 0.8
const MAX_LOOKS = 4

/** One more look. What is called a varying number of times is a module of its own, so that each of its calls is quantized alike. */
class Look extends Module {
  mix: Linear = new Linear(64, 64)

  override forward(h: Tensor): Tensor {
    return F.relu(this.mix(h)).add(h)
  }
}

class Reader extends Module<[Tensor], Promise<Tensor>> {
  encode: Linear = new Linear(784, 64)
  look: Look = new Look()
  answer: Linear = new Linear(64, 10)
  /** Looks that the last batch took. */
  looks = 0

  override async forward(images: Tensor): Promise<Tensor> {
    let h = F.relu(this.encode(F.flatten(images, 1)))
    let logits = this.answer(h)
    for (this.looks = 1; this.looks < MAX_LOOKS; this.looks++) {
      const sureness = await F.softmax(logits, 1).amax(1).mean().item()
      if (sureness > SURE) break
      h = this.look(h)
      logits = this.answer(h)
    }
    return logits
  }
}

manualSeed(3)
const { train, test } = await loadDigits()
const loader = ({ images, labels }: typeof train, batchSize: number, shuffle = false) =>
  new DataLoader(new ArrayDataset({ data: images, shape: [1, 28, 28] }, { data: labels }), {
    batchSize,
    shuffle,
  })

const model = new Reader()
const optimizer = new Adam(model.parameters(), { lr: 0.004 })
for await (const [images, labels] of progress(loader(train, 64, true), { label: 'training' })) {
  optimizer.zeroGrad()
  F.crossEntropy(await model(images), labels).backward()
  optimizer.step()
}
model.eval()

/** Accuracy, and how many batches took how many looks. */
async function evaluate(): Promise<{ accuracy: string; looks: string }> {
  const taken = new Array(MAX_LOOKS).fill(0)
  let correct = 0
  for await (const [images, labels] of loader(test, 10)) {
    const logits = await noGrad(() => model(images))
    correct += await logits.argmax(1).eq(labels).sum().item()
    taken[model.looks - 1] += 1
  }
  return { accuracy: `${((100 * correct) / test.count).toFixed(2)}%`, looks: taken.join(' ') }
}

const results = { float: await evaluate() }

// Graph mode says why it cannot.
await new Quantizer(model).prepare([await unsureBatch()]).catch((error) => console.log(`${error}\n`))

// The example has to go wherever quantization is wanted: this batch is one that the model looks at more than once.
const quantizer = new Quantizer(model, new QuantizerConfig({ executionMode: ExecutionMode.EAGER }))
await quantizer.prepare([await unsureBatch()])
console.log(`${quantizer.inspect().toTable()}\n`)
await quantizer.calibrate(loader(train, 64))
Object.assign(results, { 'int8, calibrated': await evaluate() })

const before = await sizeOfState()
await quantizer.finalize({ backend: ExportBackend.CoreAI })
Object.assign(results, { 'int8, finalized for Core AI': await evaluate() })
console.table(results)
console.log(`${before} bytes of state before, ${await sizeOfState()} after`)

async function unsureBatch(): Promise<Tensor> {
  for await (const [images] of loader(train, 10)) {
    await noGrad(() => model(images))
    if (model.looks > 1) return images
  }
  throw new RangeError('Cannot find a batch: expected one that is looked at again, got none')
}

async function sizeOfState(): Promise<number> {
  return [...(await stateDict(model)).values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
}
