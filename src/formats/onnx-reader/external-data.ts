import { type ByteSource, openSource } from '../../codec/byte-source.ts'
import { containedPath } from '../../codec/contained-path.ts'
import { FileError } from '../../codec/file-error.ts'
import { type TensorProto, TensorProto_DataLocation } from '../../codec/onnx.ts'
import { dtypeInfo } from '../../tensor/dtype.ts'
import { computedDType, exactDType, onnxTypeName } from './onnx-dtypes.ts'
import { onnxFailure } from './onnx-failure.ts'
import type { ExternalFiles } from './read-model.ts'
import { shapeOfTensor } from './tensor-content.ts'

/** Where a tensor's elements lie. */
interface Place {
  readonly location: string
  readonly offset: number
  readonly length: number | undefined
}

const KEYS = new Set(['location', 'offset', 'length', 'checksum', 'basepath'])

/**
 * Reads the elements of tensors that lie in other files, by position: only what the tensors have is read.
 * @throws FileError for a file that is not there, or lies outside the model's folder, or is reached by a link
 * @throws FormatError for places outside the file, lengths that are not the tensor's, and unknown keys
 */
export async function readExternalData(tensors: readonly TensorProto[], files: ExternalFiles): Promise<void> {
  const open = new Map<string, ByteSource>()
  try {
    for (const tensor of tensors) {
      const place = placeOf(tensor)
      const source = open.get(place.location) ?? (await openData(tensor.name, place.location, files))
      open.set(place.location, source)
      tensor.rawData = await readPlace(tensor, place, source)
      tensor.externalData = []
      tensor.dataLocation = TensorProto_DataLocation.DEFAULT
    }
  } finally {
    for (const source of open.values()) await source.close()
  }
}

async function openData(tensor: string, location: string, files: ExternalFiles): Promise<ByteSource> {
  if (typeof files === 'string') return openPlainFile(await containedPath(files, location))
  const bytes = files?.get(location)
  if (bytes !== undefined) return openSource(bytes)
  throw new FileError(
    `Cannot read ONNX "${tensor}": expected its external data "${location}", got none\n` +
      'Hint: give the path of the model, or the bytes of the file in the option externalData',
    location,
  )
}

/** A file with several names may be one that lies elsewhere. */
async function openPlainFile(path: string): Promise<ByteSource> {
  const { stat } = await import('node:fs/promises')
  const stats = await stat(path).catch(() => undefined)
  if (stats !== undefined && stats.nlink > 1)
    throw new FileError(
      `Cannot read "${path}": expected a file with one name, got ${stats.nlink} hard links\nHint: copy the data file beside the model`,
      path,
    )
  return openSource(path)
}

function placeOf({ name, externalData }: TensorProto): Place {
  const entries = new Map<string, string>()
  for (const { key, value } of externalData) {
    if (!KEYS.has(key))
      throw onnxFailure(name, `the keys ${[...KEYS].join(', ')} of external data`, `"${key}"`)
    if (entries.has(key)) throw onnxFailure(name, 'every key of external data once', `"${key}" twice`)
    entries.set(key, value)
  }
  const number = (key: string): number | undefined => {
    const text = entries.get(key)
    if (text === undefined) return undefined
    if (/^\d{1,15}$/.test(text)) return Number(text)
    throw onnxFailure(name, `a number of bytes as ${key} of external data`, `"${text}"`)
  }
  const location = entries.get('location')
  if (location === undefined) throw onnxFailure(name, 'the location of its external data', 'none')
  return { location, offset: number('offset') ?? 0, length: number('length') }
}

async function readPlace(tensor: TensorProto, { location, offset, length }: Place, source: ByteSource) {
  const expected = storedBytes(tensor)
  if (length !== undefined && length !== expected)
    throw onnxFailure(tensor.name, `${expected} bytes of external data`, `${length}`)
  if (offset + expected > source.sizeBytes)
    throw onnxFailure(
      tensor.name,
      `${expected} bytes within the ${source.sizeBytes} of "${location}"`,
      `offset ${offset}`,
    )
  return source.read(offset, expected)
}

function storedBytes(tensor: TensorProto): number {
  const { name, dataType } = tensor
  if (computedDType(dataType) === undefined)
    throw onnxFailure(name, 'a tensor of numbers', onnxTypeName(dataType))
  const stored = exactDType(dataType)
  const bits = stored === undefined ? (WIDE[onnxTypeName(dataType)] ?? 64) : dtypeInfo(stored).bits
  return Math.ceil((shapeOfTensor(tensor).reduce((product, size) => product * size, 1) * bits) / 8)
}

const WIDE: Readonly<Record<string, number>> = { UINT16: 16, UINT32: 32, UINT64: 64, DOUBLE: 64 }
