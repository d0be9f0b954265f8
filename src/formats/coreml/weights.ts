import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { joinPath } from '../../nn/module.ts'
import { Buffer } from '../../nn/parameter.ts'
import { ExportError } from '../../quantization/export-error.ts'
import {
  dequantizeArray,
  type QuantizedLayout,
  quantizeArray,
} from '../../quantization/weights/quantize-array.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { HostArray } from '../../tensor/host-array.ts'

/** A weight as a program holds it: scale * (data - offset), where scale and offset have an entry for each block. */
export interface CompressedWeight {
  /** int8, uint8, int4 or uint4, packed. */
  readonly data: HostArray
  readonly scale: HostArray
  /** Of the dtype of the data and the shape of the scale. */
  readonly offset: HostArray
}

/**
 * Quantizes the values of a weight that is finalized for Core ML, as the buffers beside it say; undefined for one that is not quantized.
 * @throws ExportError where the values are none that the buffers stand for
 */
export async function compressedWeight(
  module: GraphModule,
  path: string,
  values: HostArray,
): Promise<CompressedWeight | undefined> {
  const dot = path.lastIndexOf('.')
  const owner = dot < 0 ? '' : path.slice(0, dot)
  const metadata = async (key: string): Promise<HostArray | undefined> => {
    const member = getMember(module, joinPath(owner, `_COREML_/${path.slice(dot + 1)}/${key}`))
    return member instanceof Buffer ? await member.array() : undefined
  }
  const [scale, zeroPoint, bits] = await Promise.all(
    ['quantization_scale', 'zero_point', 'quantization_n_bits'].map(metadata),
  )
  if (scale === undefined || zeroPoint === undefined || bits === undefined) return undefined
  const isUnsigned = zeroPoint.dtype === 'uint8'
  const width = bits.bytes[0] === 4 ? 4 : 8
  const layout: QuantizedLayout = {
    dtype: `${isUnsigned ? 'u' : ''}int${width}`,
    targetDtype: isUnsigned ? 'uint8' : 'int8',
    qformulation: 'zp',
    quantMin: isUnsigned ? 0 : -(2 ** (width - 1)),
    quantMax: isUnsigned ? 2 ** width - 1 : 2 ** (width - 1) - 1,
  }
  const codes = quantizeArray(values, { scale, zeroPoint }, layout)
  const restored = castArray(dequantizeArray(codes, { scale, zeroPoint }, layout), values.dtype)
  if (!equalBytes(restored.bytes, values.bytes)) {
    throw new ExportError(
      `Cannot write "${path}" for Core ML: expected the values that its scales stand for, got others\n` +
        'Hint: a weight that is changed after finalize() has to be quantized anew',
      [path],
    )
  }
  const dtype = layout.dtype
  return { data: packed(codes, dtype), scale, offset: packed(zeroPoint, dtype) }
}

/** Entries of the first dimension of an array in another order. */
export function reorderedRows(array: HostArray, order: readonly number[]): HostArray {
  const { bits } = dtypeInfo(array.dtype)
  const wide = bits < 8 ? castArray(array, array.dtype.startsWith('u') ? 'uint8' : 'int8') : array
  const rowBytes = wide.bytes.byteLength / (wide.shape[0] ?? 1)
  const bytes = new Uint8Array(rowBytes * order.length)
  for (const [to, from] of order.entries())
    bytes.set(wide.bytes.subarray(from * rowBytes, (from + 1) * rowBytes), to * rowBytes)
  const ordered = new HostArray(wide.dtype, [order.length, ...wide.shape.slice(1)], bytes)
  return bits < 8 ? castArray(ordered, array.dtype) : ordered
}

function packed(array: HostArray, dtype: QuantizedLayout['dtype']): HostArray {
  switch (dtype) {
    case 'int4':
    case 'uint4':
      return castArray(array, dtype)
    default:
      return array
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}
