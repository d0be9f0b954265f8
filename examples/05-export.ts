// Write one quantized model for ONNX Runtime, Core AI and Core ML, and tell how far each is from the model that was measured.
import { mkdir } from 'node:fs/promises'
import {
  type Agreement,
  compareExport,
  compareLayers,
  ExportBackend,
  type ExportRunner,
  type ExportSize,
  exportSize,
  type GraphModule,
  type HostArray,
  manualSeed,
  noGrad,
  onnxRunner,
  Quantizer,
  QuantizerConfig,
  save,
  Tensor,
  tensor,
} from 'lowbit'
import { loadDigits } from './digits/data.ts'
import { digitNetwork } from './digits/model.ts'

const FILES = [
  [ExportBackend.ONNX, 'out/export.onnx'],
  [ExportBackend.CoreAI, 'out/export.pt2'],
  [ExportBackend.CoreML, 'out/export.mlpackage'],
] as const

manualSeed(1)
const { train, test } = await loadDigits()
const batch = (images: Float32Array, count: number): Tensor =>
  tensor(images.slice(0, count * 784), { shape: [count, 1, 28, 28] })

// Biases and sums stay as they are; weights have a scale for each channel, activations one for the whole tensor.
const quantizer = new Quantizer(digitNetwork().eval(), new QuantizerConfig())
const prepared = await quantizer.prepare([batch(train.images, 64)])
await quantizer.calibrate([batch(train.images, 64)])
const unseen = [[batch(test.images, 64)]]

/** Runs a finalized model in lowbit itself, with the operations of the backend. */
function ownRunner(model: GraphModule): ExportRunner {
  return async (inputs) => {
    const output = noGrad(() => model(...inputs))
    return output instanceof Tensor ? [await output.array()] : ([] as HostArray[])
  }
}

function row(where: string, [agreement]: readonly Agreement[], size: ExportSize): object {
  const { largestDifference = 0, largestInSteps, sqnrDb = 0 } = agreement ?? {}
  const steps = largestInSteps?.toFixed(2) ?? '-'
  return {
    where,
    bytes: size.fileBytes,
    'of them weights': size.informationBytes,
    'largest difference': largestDifference,
    'in steps': steps,
    'SQNR dB': sqnrDb.toFixed(1),
  }
}

await mkdir('out', { recursive: true })
const rows: object[] = []
for (const [backend, path] of FILES) {
  const exported = await quantizer.finalize({ backend })
  await save(exported, path, { overwrite: true })
  const size = await exportSize(exported, path)
  const compared = (run: ExportRunner) => compareExport(prepared, exported, run, unseen)
  if (backend === ExportBackend.ONNX) {
    rows.push(row(`${path}, ONNX Runtime`, await compared(await onnxRunner(exported)), size))
    const fused = await onnxRunner(exported, { optimized: true })
    rows.push(row(`${path}, ONNX Runtime with fused operations`, await compared(fused), size))
    const layers = await compareLayers(
      prepared,
      exported,
      (model) => onnxRunner(model, { optimized: true }),
      unseen,
    )
    const parting = layers.find(({ largestInSteps }) => (largestInSteps ?? 0) > 0.5)
    console.log('with fused operations the first layer to part:', parting?.name ?? 'none')
  } else rows.push(row(`${path}, in lowbit`, await compared(ownRunner(exported)), size))
}
console.table(rows)
