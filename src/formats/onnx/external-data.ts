import { create } from '@bufbuild/protobuf'
import { type ModelProto, StringStringEntryProtoSchema, TensorProto_DataLocation } from '../../codec/onnx.ts'

/** Tensors below this stay in the model: they may be shapes, which runtimes want to know early. */
const MIN_BYTES = 1024
/** Where tensors begin in the data file. */
const ALIGNMENT = 64

/**
 * Moves the elements of a model's larger initializers to a file beside it.
 * @param location name of that file
 * @returns the pieces of the file, in order; nothing is copied
 */
export function externalizeData({ graph }: ModelProto, location: string): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let offset = 0
  for (const tensor of graph?.initializer ?? []) {
    const { rawData } = tensor
    if (rawData.byteLength < MIN_BYTES) continue
    const padding = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT
    pieces.push(new Uint8Array(padding), rawData)
    offset += padding
    const entries = { location, offset: String(offset), length: String(rawData.byteLength) }
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    )
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL
    tensor.rawData = new Uint8Array()
    offset += rawData.byteLength
  }
  return pieces
}
