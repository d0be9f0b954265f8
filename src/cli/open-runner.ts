import { noGrad } from '../engine/recorder.ts'
import { type Tensor, tensorsIn } from '../engine/tensor.ts'
import type { ExportRunner } from '../formats/agreement.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { type OnnxSession, openSession, type SessionOptions } from './onnx-session.ts'
import { openModel } from './open-model.ts'
import type { Output } from './output.ts'

/** A file that can be run. */
export type FileRunner = Pick<OnnxSession, 'run' | 'release'>

/** Opens a file to be run: an ONNX model by its runtime, a program of torch.export by lowbit's engine. */
export async function openRunner(path: string, options: SessionOptions, output: Output): Promise<FileRunner> {
  if (/\.onnx$/i.test(path)) return openSession(path, options)
  const { model } = await openModel(path, output)
  return { run: runnerOf(model), release: async () => undefined }
}

/** Runs a graph module on lowbit's engine. */
export function runnerOf(model: GraphModule): ExportRunner {
  return async (inputs: readonly Tensor[]) => {
    const results = [...tensorsIn(noGrad(() => model(...inputs)))]
    return Promise.all(results.map((result) => result.array()))
  }
}
