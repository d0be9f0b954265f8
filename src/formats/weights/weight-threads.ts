import { FileError } from '../../codec/file-error.ts'
import { recorder } from '../../engine/recorder.ts'
import type { PartFiles } from './part-writer.ts'
import { stopParts, takeParts } from './take-parts.ts'
import { dataBytes, type PlacedWeight } from './weight-model.ts'
import { type WeightPart, weightParts } from './weight-parts.ts'

/** What a worker thread is started with. */
export interface WeightTask extends PartFiles {
  readonly plan: readonly PlacedWeight[]
  /** The number that the threads share: how many parts have been taken. */
  readonly next: SharedArrayBuffer
}

/** What a worker thread says: that a part is done, or what is wrong with which file. */
export type WeightReport = { readonly index: number } | { readonly message: string; readonly path: string }

/** How the work is done. */
export interface WeightWork {
  /** How many threads work, the caller's among them. */
  readonly threads: number
  onPart(part: WeightPart): void
  readonly signal: AbortSignal | undefined
}

/**
 * Quantizes and copies the weights of a plan on some threads.
 * @throws as `PartWriter` does, when all threads have ended; the reason of the signal
 */
export async function writeWeights(
  files: PartFiles,
  plan: readonly PlacedWeight[],
  { threads, onPart, signal }: WeightWork,
): Promise<void> {
  signal?.throwIfAborted()
  // The last bytes of the file may belong to no part.
  const { truncate } = await import('node:fs/promises')
  await truncate(files.target, dataBytes(plan))
  const parts = weightParts(plan)
  const task: WeightTask = { ...files, plan, next: new SharedArrayBuffer(4) }
  const next = new Int32Array(task.next)
  const stop = () => stopParts(next)
  const onIndex = (index: number) => {
    const part = parts[index]
    if (part !== undefined) onPart(part)
  }
  signal?.addEventListener('abort', stop)
  const others = Array.from({ length: threads - 1 }, () => runWorker(task, onIndex))
  const own = takeParts(files, parts, next, onIndex)
  const results = await Promise.allSettled([own, ...others])
  signal?.removeEventListener('abort', stop)
  signal?.throwIfAborted()
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Settles when the thread has ended. */
async function runWorker(workerData: WeightTask, onIndex: (index: number) => void): Promise<void> {
  const { Worker } = await import('node:worker_threads')
  // The file beside this one: the sources run unbuilt as well. Written so that bundlers for pages do not follow it.
  const entry = new URL(import.meta.url.replace(/weight-threads(?=\.\w+$)/, 'node-weight-worker'))
  // Built files need none of the loaders that the process may have been started with, which take longer than the work of a small part.
  const usual = entry.pathname.endsWith('.js') ? [] : process.execArgv
  const worker = new Worker(entry, { workerData, execArgv: [...(recorder.options.execArgv ?? usual)] })
  const failures: unknown[] = []
  worker.on('message', (report: WeightReport) => {
    try {
      if ('message' in report) throw new FileError(report.message, report.path)
      onIndex(report.index)
    } catch (error) {
      stopParts(new Int32Array(workerData.next))
      failures.push(error)
    }
  })
  worker.on('error', (error) => failures.push(error))
  await new Promise((resolve) => worker.once('exit', resolve))
  if (failures.length > 0) throw failures[0]
}
