import { openSource } from '../codec/byte-source.ts'
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
  return { path, format, sizeBytes: source.sizeBytes, model }
}

async function openProgram(path: string): Promise<GraphModule> {
  const { loadExportedProgram } = await import('../formats/pt2/load-exported-program.ts')
  return loadExportedProgram(path)
}

async function openOnnx(path: string, _logger: Logger): Promise<GraphModule> {
  throw new CommandError(
    `Cannot open "${path}": expected a ".pt2" program of torch.export, got an ONNX model, which this version does not read`,
  )
}
