import { FileError } from '../../../codec/file-error.ts'
import { readSafetensors, writeSafetensors } from '../../../codec/safetensors.ts'
import { HostArray } from '../../../tensor/host-array.ts'
import type { CoreAIWeightData } from '../../graph/finalize/weight-data.ts'

/**
 * Makes a folder for the weights of one model, or takes one that is empty.
 * @throws FileError for what is no folder, or holds something
 */
export async function prepareFolder(path: string): Promise<void> {
  const { mkdir, readdir } = await import('node:fs/promises')
  let entries: string[]
  try {
    await mkdir(path, { recursive: true })
    entries = await readdir(path)
  } catch (cause) {
    throw failure('write weights to', path, 'a folder', cause)
  }
  if (entries.length > 0)
    throw new FileError(
      `Cannot write weights to "${path}": expected an empty folder, got ${entries.length} entries`,
      path,
    )
}

/**
 * Writes a quantized weight as a file of its own, and gives it back as the file has it. Nothing is overwritten.
 * @throws FileError when the file is there already, or cannot be written or read
 */
export async function throughFile(
  folder: string,
  name: string,
  weight: CoreAIWeightData,
): Promise<CoreAIWeightData> {
  const { join } = await import('node:path')
  const { readFile, writeFile } = await import('node:fs/promises')
  const path = join(folder, `${encodeURIComponent(name)}.safetensors`)
  const { data, scale, zeroPoint, minval } = weight
  const tensors: [string, HostArray][] = [
    ['quantized_data', packedBytes(data)],
    ['scale', scale],
  ]
  if (zeroPoint !== null) tensors.push(['zero_point', zeroPoint])
  if (minval !== null) tensors.push(['minval', minval])
  try {
    await writeFile(path, writeSafetensors(tensors), { flag: 'wx' })
    const read = readSafetensors(await readFile(path))
    const bytes = read.get('quantized_data')?.bytes ?? data.bytes
    return {
      ...weight,
      data: new HostArray(data.dtype, data.shape, bytes),
      scale: read.get('scale') ?? scale,
      zeroPoint: read.get('zero_point') ?? null,
      minval: read.get('minval') ?? null,
    }
  } catch (cause) {
    throw failure('write weights to', path, 'a new file in a folder that can be written to', cause)
  }
}

/** Two fp4 values a byte, which the format has no name for: bytes. */
function packedBytes(data: HostArray): HostArray {
  if (data.dtype !== 'float4_e2m1fn_x2') return data
  const last = data.shape.at(-1) ?? 0
  return new HostArray('uint8', [...data.shape.slice(0, -1), last / 2], data.bytes)
}

function failure(action: string, path: string, expected: string, cause: unknown): FileError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  return new FileError(`Cannot ${action} "${path}": expected ${expected}, got ${reason}`, path, { cause })
}
