import { writeFileAtomic } from '../codec/atomic-file.ts'
import { encodeModel, type ModelProto } from '../codec/onnx.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { exportedProgram } from './coreai/exported-program.ts'
import { externalizeData } from './onnx/external-data.ts'
import { type OnnxOptions, onnxModel } from './onnx/onnx-model.ts'

/** Size of all tensors, in bytes, from which on an ONNX file keeps them in a second file: well below what a protobuf file can hold. */
const MAX_INLINE_BYTES = 2 ** 30

/** Options of `save`. */
export interface SaveOptions extends OnnxOptions {
  /** Whether the tensors of an ONNX model go to a file `<path>.data` beside it. Default: from 1 GiB on. */
  readonly externalData?: boolean
}

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
  const external = options.externalData ?? sizeBytesOf(proto) >= MAX_INLINE_BYTES
  if (external) {
    const [name = 'model.onnx'] = /[^/\\]+$/.exec(path) ?? []
    await writeFileAtomic(`${path}.data`, externalizeData(proto, `${name}.data`))
  }
  await writeFileAtomic(path, encodeModel(proto))
}

function sizeBytesOf({ graph }: ModelProto): number {
  return graph?.initializer.reduce((sum, { rawData }) => sum + rawData.byteLength, 0) ?? 0
}
