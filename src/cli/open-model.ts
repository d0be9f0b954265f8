import { openSource } from '../codec/byte-source.ts'
import type { OnnxNames } from '../formats/onnx/onnx-model.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import type { Logger } from '../quantization/logger.ts'
import { CommandError } from './exit-code.ts'

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
  const source = await openSource(path)
  await source.close()
  const format = ending === '.onnx' ? 'onnx' : 'pt2'
  const model = await (format === 'onnx' ? openOnnx(path, logger) : openProgram(path))
  model.eval()
  const facts = format === 'onnx' ? await factsOf(path) : { hasExternalData: false }
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

async function factsOf(path: string): Promise<Pick<OpenedModel, 'names' | 'hasExternalData'>> {
  const { readFile } = await import('node:fs/promises')
  const { decodeModel, TensorProto_DataLocation } = await import('../codec/onnx.ts')
  const { graph } = decodeModel(await readFile(path))
  const tensors = new Set(graph?.initializer.map(({ name }) => name))
  const names = {
    inputNames: (graph?.input ?? []).map(({ name }) => name).filter((name) => !tensors.has(name)),
    outputNames: (graph?.output ?? []).map(({ name }) => name),
  }
  const isExternal = ({ dataLocation }: { readonly dataLocation: number }) =>
    dataLocation === TensorProto_DataLocation.EXTERNAL
  return { names, hasExternalData: graph?.initializer.some(isExternal) === true }
}
