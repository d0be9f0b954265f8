import { type WriteOptions, writeFileAtomic } from '../codec/atomic-file.ts'
import { FileError } from '../codec/file-error.ts'
import { packTensors, unpackTensors } from '../codec/packed-tensors.ts'
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '../codec/safetensors.ts'
import type { AnyModule } from './module.ts'
import { type LoadOptions, type LoadResult, loadStateDict, stateDict } from './state-dict.ts'

/**
 * Writes a module's parameters and persistent buffers as a safetensors file, under PyTorch's names; integers below eight bits as their packed bytes, with
 * dtypes and shapes in the metadata. Needs Node; in a page, `writeSafetensors(await stateDict(module))` gives the bytes of what has no such integers.
 *
 * @throws FileError when the file cannot be written, or is there already and `overwrite` is not set
 */
export async function saveStateDict(
  module: AnyModule,
  path: string,
  options: WriteOptions = {},
): Promise<void> {
  const { tensors, metadata } = packTensors(await stateDict(module))
  const bytes = writeSafetensors(tensors, new Map([['format', 'pt'], ...metadata]))
  await writeFileAtomic(path, bytes, options)
}

/**
 * Replaces a module's parameters and buffers by those of a safetensors file.
 *
 * @param source path of the file (in Node), or its bytes
 * @throws FileError when the file cannot be read, FormatError when it is not one, and as `loadStateDict` does
 */
export async function loadSafetensors(
  module: AnyModule,
  source: string | Uint8Array,
  options: LoadOptions = {},
): Promise<LoadResult> {
  const bytes = typeof source === 'string' ? await readBytes(source) : source
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(
      `Cannot read safetensors: expected the path of a file or a Uint8Array, got ${bytes === null ? 'null' : typeof bytes}`,
    )
  const state = unpackTensors(readSafetensors(bytes), readSafetensorsMetadata(bytes))
  return loadStateDict(module, state, options)
}

async function readBytes(path: string): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(path)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new FileError(`Cannot read "${path}": expected a file, got ${reason}`, path, { cause })
  }
}
