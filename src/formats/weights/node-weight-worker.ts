import { parentPort, workerData } from 'node:worker_threads'
import { FileError } from '../../codec/file-error.ts'
import { takeParts } from './take-parts.ts'
import { weightParts } from './weight-parts.ts'
import type { WeightReport, WeightTask } from './weight-threads.ts'

// The entry of a worker thread in Node that quantizes parts of a file.
const { plan, next, ...files }: WeightTask = workerData
const report = (message: WeightReport) => parentPort?.postMessage(message)
await takeParts(files, weightParts(plan), new Int32Array(next), (index) => report({ index })).catch(
  (error: unknown) => {
    // Classes of our own do not survive the way out of a thread.
    if (!(error instanceof FileError)) throw error
    report({ message: error.message, path: error.path })
  },
)
