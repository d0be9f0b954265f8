import type { AtomicFolder } from '../../../codec/atomic-folder.ts'
import { openSource } from '../../../codec/byte-source.ts'
import { mapFile } from '../../../codec/mapped-file.ts'
import { readSafetensors, writeSafetensors } from '../../../codec/safetensors.ts'
import { openSafetensorsHeader } from '../../../codec/safetensors-header.ts'
import { HostArray } from '../../../tensor/host-array.ts'
import type { CoreAIWeightData } from '../../graph/finalize/weight-data.ts'

/**
 * Writes a quantized weight as a file of its own, and gives it back as the file has it: mapped into memory where koffi is installed, else read.
 * @throws FileError when it cannot be written or read
 */
export async function throughFile(
  folder: AtomicFolder,
  name: string,
  weight: CoreAIWeightData,
): Promise<CoreAIWeightData> {
  const { data, scale, zeroPoint, minval } = weight
  const tensors: [string, HostArray][] = [
    ['quantized_data', packedBytes(data)],
    ['scale', scale],
  ]
  if (zeroPoint !== null) tensors.push(['zero_point', zeroPoint])
  if (minval !== null) tensors.push(['minval', minval])
  const path = await folder.write(`${encodeURIComponent(name)}.safetensors`, writeSafetensors(tensors))
  const read = await readTensors(path)
  const bytes = read.get('quantized_data')?.bytes ?? data.bytes
  return {
    ...weight,
    data: new HostArray(data.dtype, data.shape, bytes),
    scale: read.get('scale') ?? scale,
    zeroPoint: read.get('zero_point') ?? null,
    minval: read.get('minval') ?? null,
  }
}

/** Two fp4 values a byte, which the format has no name for: bytes. */
function packedBytes(data: HostArray): HostArray {
  if (data.dtype !== 'float4_e2m1fn_x2') return data
  const last = data.shape.at(-1) ?? 0
  return new HostArray('uint8', [...data.shape.slice(0, -1), last / 2], data.bytes)
}

/** The tensors of a safetensors file: views of the mapped file, or each read from its place. */
async function readTensors(path: string): Promise<Map<string, HostArray>> {
  const mapped = await mapFile(path)
  if (mapped !== undefined) return readSafetensors(mapped)
  const source = await openSource(path)
  try {
    const { entries } = await openSafetensorsHeader(source)
    const tensors = new Map<string, HostArray>()
    for (const { name, dtype, shape, begin, end } of entries)
      tensors.set(name, new HostArray(dtype, shape, await source.read(begin, end - begin)))
    return tensors
  } finally {
    await source.close()
  }
}
