import { refuseExisting, writeFileAtomic } from '../codec/atomic-file.ts'
import { writeFolderAtomic } from '../codec/atomic-folder.ts'
import type { ModelProto } from '../codec/onnx.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { exportedProgram } from './coreai/exported-program.ts'
import { type CoreMLOptions, coremlModel } from './coreml/coreml-model.ts'
import { packageFiles } from './coreml/package.ts'
import { type OnnxOptions, onnxModel } from './onnx/onnx-model.ts'
import { type WriteOnnxOptions, writeOnnx } from './onnx/write-onnx.ts'
import { halveModel } from './onnx-half/half-model.ts'

/** Size of all tensors, in bytes, from which on an ONNX file keeps them in a second file: well below what a protobuf file can hold. */
const MAX_INLINE_BYTES = 2 ** 30

/** Options of `save`. */
export interface SaveOptions extends OnnxOptions, CoreMLOptions, WriteOnnxOptions {
  /** Whether the tensors of an ONNX model go to a second file beside it. Default: from 1 GiB on. */
  readonly externalData?: boolean
  /**
   * Whether an ONNX model has and computes in float16 what it has and computes in float32, its inputs and outputs apart. Finite constants stay finite, and those that
   * are not zero stay so. Default: false.
   */
  readonly float16?: boolean
}

/**
 * Writes a captured or finalized model to a file; the ending of the path says in which format: `.onnx`, `.mlpackage` for Core ML, or `.pt2` for a program
 * that `torch.export.load` reads, with Core AI's operations where the model is finalized for it. The file (for Core ML a folder) is there whole or not
 * at all; one that is there already stays unless `overwrite` is set. Needs Node.
 *
 * @throws RangeError for another ending
 * @throws ExportError for a model that the format cannot express
 * @throws FileError when the file cannot be written, or is there already
 */
export async function save(model: GraphModule, path: string, options: SaveOptions = {}): Promise<void> {
  const [, stem = 'model', ending = ''] = /([^/\\]*?)(\.[^./\\]*)?$/.exec(path) ?? []
  if (ending !== '.onnx' && ending !== '.pt2' && ending !== '.mlpackage')
    throw new RangeError(
      `Cannot save "${path}": expected the ending ".onnx", ".pt2" or ".mlpackage", got "${ending}"`,
    )
  if (!options.overwrite) await refuseExisting(path)
  if (ending === '.pt2') {
    await writeFileAtomic(path, await exportedProgram(model, stem || 'model'), options)
    return
  }
  if (ending === '.mlpackage') {
    await writeFolderAtomic(path, packageFiles(await coremlModel(model, options)), options)
    return
  }
  const proto = await onnxModel(model, options)
  if (options.float16) halveModel(proto)
  await writeOnnx(path, proto, options.externalData ?? sizeBytesOf(proto) >= MAX_INLINE_BYTES, options)
}

function sizeBytesOf({ graph }: ModelProto): number {
  return graph?.initializer.reduce((sum, { rawData }) => sum + rawData.byteLength, 0) ?? 0
}
