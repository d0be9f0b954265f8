import { openSource } from '../codec/byte-source.ts'
import type { OnnxNames } from '../formats/onnx/onnx-model.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import type { Logger } from '../quantization/logger.ts'
import { CommandError } from './exit-code.ts'
import { spareMachine } from './sparing-engine.ts'

/** A model as a command works on it. */
export interface OpenedModel {
  readonly path: string
  readonly format: 'onnx' | 'pt2'
  /** Bytes of the file. */
  readonly sizeBytes: number
  /** In evaluation. */
  readonly model: GraphModule
  /** What an ONNX file calls its inputs and outputs; what is written from it calls them so too. */
  readonly names?: OnnxNames
  /** Whether it keeps tensors in other files. */
  readonly hasExternalData: boolean
}

/**
 * Opens a model by the ending of its path: `.onnx`, or `.pt2` of `torch.export.save`.
 * @throws CommandError for another ending; FileError, FormatError or UnsupportedOpError for a file that is no such model
 */
export async function openModel(path: string, logger: Logger): Promise<OpenedModel> {
  const ending = /\.[^./\\]*$/.exec(path)?.[0].toLowerCase() ?? ''
  if (ending !== '.onnx' && ending !== '.pt2')
    throw new CommandError(`Cannot open "${path}": expected the ending ".onnx" or ".pt2", got "${ending}"`)
  spareMachine()
  const source = await openSource(path)
  await source.close()
  const format = ending === '.onnx' ? 'onnx' : 'pt2'
  const model = await (format === 'onnx' ? openOnnx(path, logger) : openProgram(path))
  model.eval()
  const facts = format === 'onnx' ? await factsOf(model) : { hasExternalData: false }
  return { path, format, sizeBytes: source.sizeBytes, model, ...facts }
}

async function openProgram(path: string): Promise<GraphModule> {
  const { loadExportedProgram } = await import('../formats/pt2/load-exported-program.ts')
  return loadExportedProgram(path)
}

async function openOnnx(path: string, logger: Logger): Promise<GraphModule> {
  const { loadOnnxModel } = await import('../formats/onnx-reader/load-onnx-model.ts')
  return loadOnnxModel(path, { logger })
}

/** What the file that a model came from calls its inputs and outputs. A graph without nodes leads back to none. */
async function factsOf({ graph }: GraphModule): Promise<Pick<OpenedModel, 'names' | 'hasExternalData'>> {
  const { sourceOf } = await import('../formats/onnx-reader/onnx-source.ts')
  const source = sourceOf(graph)
  if (source?.model.graph === undefined) return { hasExternalData: false }
  const { input, output, initializer } = source.model.graph
  const tensors = new Set(initializer.map(({ name }) => name))
  const names = {
    inputNames: input.map(({ name }) => name).filter((name) => !tensors.has(name)),
    outputNames: output.map(({ name }) => name),
  }
  return { names, hasExternalData: source.hasExternalData }
}
