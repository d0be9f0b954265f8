import { refuseExisting, writeFileAtomic } from '../codec/atomic-file.ts'
import type { ModelProto } from '../codec/onnx.ts'
import { GraphModule } from '../nn/graph-module.ts'
import { Module } from '../nn/module.ts'
import type { CoreMLOptions } from './coreml/coreml-model.ts'
import { type OnnxOptions, onnxModel } from './onnx/onnx-model.ts'
import { type WriteOnnxOptions, writeOnnx } from './onnx/write-onnx.ts'

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
 * @throws TypeError for what is no GraphModule; RangeError for another ending
 * @throws ExportError for a model that the format cannot express
 * @throws FileError when the file cannot be written, or is there already
 */
export async function save(model: GraphModule, path: string, options: SaveOptions = {}): Promise<void> {
  const [, stem = 'model', ending = ''] = /([^/\\]*?)(\.[^./\\]*)?$/.exec(path) ?? []
  if (ending !== '.onnx' && ending !== '.pt2' && ending !== '.mlpackage')
    throw new RangeError(
      `Cannot save "${path}": expected the ending ".onnx", ".pt2" or ".mlpackage", got "${ending}"`,
    )
  checkGraph(model, path)
  if (!options.overwrite) await refuseExisting(path)
  // What writes another format is loaded for it alone.
  if (ending === '.pt2') {
    const { exportedProgram } = await import('./coreai/exported-program.ts')
    await writeFileAtomic(path, await exportedProgram(model, stem || 'model'), options)
    return
  }
  if (ending === '.mlpackage') {
    const { coremlModel } = await import('./coreml/coreml-model.ts')
    const { packageFiles } = await import('./coreml/package.ts')
    const { writeFolderAtomic } = await import('../codec/atomic-folder.ts')
    await writeFolderAtomic(path, packageFiles(await coremlModel(model, options)), options)
    return
  }
  const proto = await onnxModel(model, options)
  if (options.float16) {
    const { halveModel } = await import('./onnx-half/half-model.ts')
    halveModel(proto)
  }
  await writeOnnx(path, proto, options.externalData ?? sizeBytesOf(proto) >= MAX_INLINE_BYTES, options)
}

function checkGraph(model: unknown, path: string): void {
  if (model instanceof GraphModule) return
  const hint = model instanceof Module ? '\nHint: exportModule captures a module as a graph' : ''
  throw new TypeError(
    `Cannot save "${path}": expected a GraphModule, got ${model === null ? 'null' : (model?.constructor.name ?? 'nothing')}${hint}`,
  )
}

function sizeBytesOf({ graph }: ModelProto): number {
  return graph?.initializer.reduce((sum, { rawData }) => sum + rawData.byteLength, 0) ?? 0
}
