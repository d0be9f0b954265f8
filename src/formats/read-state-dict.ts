import { type ByteSource, openSource } from '../codec/byte-source.ts'
import { unpackTensors } from '../codec/packed-tensors.ts'
import { readSafetensors, readSafetensorsMetadata } from '../codec/safetensors.ts'
import { readTorchState } from '../codec/torch-state/read-torch-state.ts'
import type { AnyModule } from '../nn/module.ts'
import { type LoadOptions, type LoadResult, loadStateDict } from '../nn/state-dict.ts'
import type { HostArray } from '../tensor/host-array.ts'

/** What can be said about a file with a state dict. */
export interface StateDictOptions {
  /** Where the state dict is in a checkpoint of torch.save that holds other things too. Default: the file holds nothing else. */
  readonly key?: string
}

const ZIP = 0x04034b50
/** A pickle of protocol 2, as torch.save began files before it wrote zips. */
const PICKLE = 0x0280

/**
 * Reads a state dict from a file of `torch.save` (`.pth`, `.pt`, in its zip form or the one before) or from safetensors; which of them, the content says.
 * Nothing in the file is executed: pickles may hold tensors and plain values only. Tensors that are one in a file of torch.save are one array.
 *
 * @param source path of the file (in Node), its content, or its bytes
 * @throws FileError when there is no file, FormatError when it is none of these, or holds anything else
 */
export async function readStateDict(
  source: string | Blob | Uint8Array,
  { key }: StateDictOptions = {},
): Promise<Map<string, HostArray>> {
  const bytes = await openSource(source)
  try {
    const magic = await readMagic(bytes)
    if (magic === ZIP) return await readTorchState(bytes, true, key)
    if ((magic & 0xffff) === PICKLE) return await readTorchState(bytes, false, key)
    const content = await bytes.read(0, bytes.sizeBytes)
    return unpackTensors(readSafetensors(content), readSafetensorsMetadata(content))
  } finally {
    await bytes.close()
  }
}

/**
 * Replaces a module's parameters and buffers by those of a file, as `readStateDict` reads it and `loadStateDict` takes it.
 *
 * @throws as these two
 */
export async function loadStateDictFile(
  module: AnyModule,
  source: string | Blob | Uint8Array,
  options: StateDictOptions & LoadOptions = {},
): Promise<LoadResult> {
  return loadStateDict(module, await readStateDict(source, options), options)
}

async function readMagic(source: ByteSource): Promise<number> {
  const head = await source.read(0, Math.min(source.sizeBytes, 4))
  return head.reduceRight((value, byte) => value * 256 + byte, 0)
}
