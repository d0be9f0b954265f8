import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import type { DigitSet } from './data.ts'

/** What an ONNX file says of digits, run by ONNX Runtime itself. */
export interface ExportedRun {
  /** [N, 10] logits, in row-major order. */
  readonly logits: Float32Array
  readonly msPerImage: number
}

const BATCH = 100
const PIXELS = 28 * 28
const CLASSES = 10

/** Runs a file on digits with the runtime's graph optimizations on or off. */
export async function runExported(
  path: string,
  { count, images }: DigitSet,
  optimized: boolean,
  onProgress: (done: number, total: number) => void,
): Promise<ExportedRun> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: optimized ? 'all' : 'disabled',
  })
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]]
  const logits = new Float32Array(count * CLASSES)
  const started = performance.now()
  for (let start = 0; start < count; start += BATCH) {
    const size = Math.min(BATCH, count - start)
    const data = images.subarray(start * PIXELS, (start + size) * PIXELS)
    const results = await session.run({ [input]: new OrtTensor('float32', data, [size, 1, 28, 28]) })
    logits.set(results[output]?.data as Float32Array, start * CLASSES)
    onProgress(start + size, count)
  }
  await session.release()
  return { logits, msPerImage: (performance.now() - started) / count }
}
