import { writeFileAtomic } from '../codec/atomic-file.ts'
import { encodeModel } from '../codec/onnx.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { ExportError } from '../quantization/export-error.ts'
import { exportedProgram } from './coreai/exported-program.ts'
import { type OnnxNames, onnxModel } from './onnx/onnx-model.ts'

/** Largest protobuf file, in bytes. */
const MAX_PROTOBUF_BYTES = 2 ** 31 - 1

/** Options of `save`. */
export interface SaveOptions extends OnnxNames {}

/**
 * Writes a captured or finalized model to a file; the ending of the path says in which format: `.onnx`, or `.pt2` for a program that `torch.export.load`
 * reads, with Core AI's operations where the model is finalized for it. The file is there whole or not at all. Needs Node.
 *
 * @throws RangeError for another ending
 * @throws ExportError for a model that the format cannot express
 * @throws FileError when the file cannot be written
 */
export async function save(model: GraphModule, path: string, options: SaveOptions = {}): Promise<void> {
  const [, stem = 'model', ending = ''] = /([^/\\]*?)(\.[^./\\]*)?$/.exec(path) ?? []
  if (ending === '.onnx') await saveOnnx(model, path, options)
  else if (ending === '.pt2') await writeFileAtomic(path, await exportedProgram(model, stem || 'model'))
  else throw new RangeError(`Cannot save "${path}": expected the ending ".onnx" or ".pt2", got "${ending}"`)
}

async function saveOnnx(model: GraphModule, path: string, options: SaveOptions): Promise<void> {
  const proto = await onnxModel(model, options)
  const sizeBytes = proto.graph?.initializer.reduce((sum, { rawData }) => sum + rawData.byteLength, 0) ?? 0
  if (sizeBytes > MAX_PROTOBUF_BYTES) {
    throw new ExportError(
      `Cannot save "${path}": expected at most ${MAX_PROTOBUF_BYTES} bytes of parameters in an ONNX file, got ${sizeBytes}`,
      [],
    )
  }
  await writeFileAtomic(path, encodeModel(proto))
}
