// Quantize a program that PyTorch exported (torch.export.save), report what was done and what it costs, and write the file that ships.
import { mkdir, stat } from 'node:fs/promises'
import {
  ExportBackend,
  fromHost,
  loadExportedProgram,
  noGrad,
  Quantizer,
  readStateDict,
  save,
  Tensor,
  toFloat32,
} from 'lowbit'

const FOLDER = 'test/fixtures/graph/mnist_cnn'
const program = `${FOLDER}/model.pt2`

const model = await loadExportedProgram(program)
const inputs = await readStateDict(`${FOLDER}/inputs.safetensors`)
const batches = (kind: string): Tensor[] =>
  [...inputs].filter(([name]) => name.startsWith(`${kind}.`)).map(([, array]) => fromHost(array))

/** What a model says of the evaluation batches, one number after the other. */
async function outputs(net: (x: Tensor) => unknown): Promise<number[]> {
  const numbers: number[] = []
  for (const x of batches('eval')) {
    const logits = noGrad(() => net(x))
    if (logits instanceof Tensor) numbers.push(...toFloat32(await logits.array()))
  }
  return numbers
}

/** How much louder a signal is than its difference to another one, in decibels. */
function signalToNoise(signal: readonly number[], other: readonly number[]): number {
  const power = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value ** 2, 0)
  return 10 * Math.log10(power(signal) / power(signal.map((value, i) => value - (other[i] ?? 0))))
}

const quantizer = new Quantizer(model)
const prepared = await quantizer.prepare(batches('example'))
await quantizer.calibrate(batches('calib'))
const finalized = await quantizer.finalize({ backend: ExportBackend.ONNX })
await mkdir('out', { recursive: true })
await save(finalized, 'out/mnist-cnn.onnx', { overwrite: true })

const inspector = quantizer.inspect()
console.log(`${program}: ${model.graph.nodes.length} operations`)
console.table(
  inspector.fakeQuantizers.map(({ producer, target, spec, sharedBy }) => ({
    tensor: producer,
    quantized: `${spec.dtype} ${target}`,
    observer: sharedBy.length > 1 ? `shared by ${sharedBy.length}` : 'its own',
  })),
)
const left = inspector.operations.filter(({ winner }) => winner === null).map(({ name }) => name)
console.log('not quantized:', left.join(', ') || 'nothing')
const float = await outputs(model)
console.log(`int8, fake-quantized: ${signalToNoise(float, await outputs(prepared)).toFixed(1)} dB`)
const [before, after] = await Promise.all([stat(program), stat('out/mnist-cnn.onnx')])
console.log(`${before.size} bytes before, ${after.size} bytes as out/mnist-cnn.onnx`)
