import { extname } from 'node:path'
import { openSource } from '../../codec/byte-source.ts'
import { readNpy, readNpz } from '../../codec/npy.ts'
import { readSafetensors } from '../../codec/safetensors.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import type { NamedArrays } from './data-request.ts'
import { readJsonLines } from './json-lines.ts'
import type { InputSpec } from './model-inputs.ts'

/** Reads files of arrays; those of no name are called `array`. @throws FileError or FormatError for what cannot be read */
export async function* readArrayFiles(
  paths: readonly string[],
  inputs: readonly InputSpec[],
): AsyncGenerator<NamedArrays> {
  for (const path of paths) {
    const ending = extname(path).toLowerCase()
    if (ending === '.jsonl') yield* readJsonLines(path, inputs)
    else yield { origin: path, arrays: await readArrays(path, ending) }
  }
}

async function readArrays(path: string, ending: string): Promise<ReadonlyMap<string, HostArray>> {
  const source = await openSource(path)
  try {
    if (ending === '.npz') return await readNpz(source)
    const bytes = await source.read(0, source.sizeBytes)
    return ending === '.npy' ? new Map([['array', readNpy(bytes, path)]]) : readSafetensors(bytes)
  } finally {
    await source.close()
  }
}
