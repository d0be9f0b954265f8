import { writeFileAtomic } from '../codec/atomic-file.ts'
import { encodeModel } from '../codec/onnx.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { ExportError } from '../quantization/export-error.ts'
import { type OnnxNames, onnxModel } from './onnx/onnx-model.ts'

/** Largest protobuf file, in bytes. */
const MAX_PROTOBUF_BYTES = 2 ** 31 - 1

/** Options of `save`. */
export interface SaveOptions extends OnnxNames {}

/**
 * Writes a captured or finalized model to a file; the ending of the path says in which format: `.onnx`. The file is there whole or not at all. Needs Node.
 *
 * @throws RangeError for another ending
 * @throws ExportError for a model that the format cannot express
 * @throws FileError when the file cannot be written
 */
export async function save(model: GraphModule, path: string, options: SaveOptions = {}): Promise<void> {
  const ending = /\.[^./\\]*$/.exec(path)?.[0] ?? ''
  if (ending !== '.onnx')
    throw new RangeError(`Cannot save "${path}": expected the ending ".onnx", got "${ending}"`)
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
