import type { Node } from '../ir/node.ts'
import { getMember } from '../nn/container.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { joinPath } from '../nn/module.ts'
import { Buffer } from '../nn/parameter.ts'
import {
  type BlockwiseShiftScaleAttributes,
  constexprBlockwiseShiftScale,
} from '../ops/quantization/coreai-weight.ts'
import { type DType, dtypeInfo } from '../tensor/dtype.ts'
import { sizeOf } from '../tensor/shape.ts'
import { evaluationForm } from './evaluation-form.ts'
import { dataFilesOf } from './onnx/write-onnx.ts'

/** What a written model takes, and what it has to. */
export interface ExportSize {
  /** The file with its data file, or all files of the folder. */
  readonly fileBytes: number
  /** The parameters, buffers, scales and zero points that the model computes with, each element in the bits of its dtype. The rest is the program. */
  readonly informationBytes: number
}

/**
 * Tells how large a written model is, beside the information that it holds.
 *
 * @param model what was saved: a captured or a finalized model
 * @param path where it was saved
 */
export async function exportSize(model: GraphModule, path: string): Promise<ExportSize> {
  return { fileBytes: await bytesAt(path), informationBytes: await informationBytes(model) }
}

async function bytesAt(path: string): Promise<number> {
  const { readdir, stat } = await import('node:fs/promises')
  const { join } = await import('node:path')
  const stats = await stat(path)
  const files = stats.isDirectory()
    ? (await readdir(path)).map((name) => join(path, name))
    : await dataFilesOf(path)
  const sizes = await Promise.all(files.map(bytesAt))
  return sizes.reduce((sum, size) => sum + size, stats.isDirectory() ? 0 : stats.size)
}

async function informationBytes(model: GraphModule): Promise<number> {
  const { inputs, nodes, outputs } = evaluationForm(model.graph)
  const read = new Set([...nodes.flatMap((node) => node.inputs), ...outputs])
  const states = inputs.filter(({ kind, value }) => kind === 'state' && read.has(value))
  let bits = 0
  for (const { name, value } of states) {
    const count = sizeOf(value.shape.map(Number))
    const compressed = await coremlBits(model, name, count)
    bits += compressed ?? count * dtypeInfo(storedDType(nodes, value) ?? value.dtype).bits
  }
  return Math.ceil(bits / 8)
}

/** The dtype of data and zero points that Core AI's operation carries in wider integers. */
function storedDType(nodes: readonly Node[], value: Node['inputs'][number]): DType | null {
  for (const { op, inputs, attrs } of nodes)
    if (op === constexprBlockwiseShiftScale && (inputs[0] === value || inputs[2] === value))
      return (attrs as BlockwiseShiftScaleAttributes).inputDtype
  return null
}

/** Of a weight that is finalized for Core ML, with scales and zero points; undefined for another state. */
async function coremlBits(model: GraphModule, path: string, count: number): Promise<number | undefined> {
  const dot = path.lastIndexOf('.')
  const prefix = `_COREML_/${path.slice(dot + 1)}`
  const member = (key: string) =>
    getMember(model, joinPath(path.slice(0, Math.max(dot, 0)), `${prefix}/${key}`))
  const [width, scale] = [member('quantization_n_bits'), member('quantization_scale')]
  if (!(width instanceof Buffer && scale instanceof Buffer)) return undefined
  const bits = Number(await width.item())
  const scales = sizeOf(scale.shape.map(Number))
  return count * bits + scales * (32 + bits)
}
