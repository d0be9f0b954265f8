import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { dataFilesOf } from '../formats/onnx/write-onnx.ts'
import { type SaveOptions, save } from '../formats/save.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { ExportBackend } from '../quantization/config/execution-mode.ts'
import type { OpenedModel } from './open-model.ts'
import type { PreparedForm } from './quantize-model.ts'

/** What is written, and where. */
export interface WriteRequest {
  readonly form: PreparedForm
  /** The model that it was made of: inputs and outputs keep their names. */
  readonly opened: OpenedModel
  readonly target: string
  /** Default: ONNX. */
  readonly backend?: ExportBackend
  readonly options?: SaveOptions
  /** Looks at what would be written, in another place; nothing is written where it throws. */
  readonly check?: (path: string, finalized: GraphModule) => Promise<void>
  readonly signal: AbortSignal
}

/** Writes a quantized model, with the folder that it is in. @returns what was written, as a graph */
export async function writeQuantized({
  form,
  opened,
  target,
  backend = ExportBackend.ONNX,
  options = {},
  check,
  signal,
}: WriteRequest): Promise<GraphModule> {
  const finalized = await form.finalize(backend, signal)
  signal.throwIfAborted()
  const own = { ...options, ...(backend === ExportBackend.ONNX ? opened.names : {}) }
  if (check !== undefined) await tryOut(finalized, basename(target), own, check)
  signal.throwIfAborted()
  await mkdir(dirname(target), { recursive: true })
  await save(finalized, target, own)
  return finalized
}

async function tryOut(
  finalized: GraphModule,
  name: string,
  options: SaveOptions,
  check: NonNullable<WriteRequest['check']>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lowbit-'))
  try {
    await save(finalized, join(folder, name), options)
    await check(join(folder, name), finalized)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Bytes of a file with its data file, or of all files in a folder. */
export async function sizeOnDisk(path: string): Promise<number> {
  const stats = await stat(path)
  if (!stats.isDirectory()) {
    const external = await Promise.all((await dataFilesOf(path)).map((file) => stat(file)))
    return external.reduce((sum, { size }) => sum + size, stats.size)
  }
  const names = await readdir(path)
  const sizes = await Promise.all(names.map((name) => sizeOnDisk(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}
