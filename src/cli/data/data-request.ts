import type { HostArray } from '../../tensor/host-array.ts'
import type { DataOptions } from '../data-options.ts'

/** What data is read for. */
export interface DataRequest extends DataOptions {
  /** Path of the model: what says how pictures and text become inputs often stands beside it. */
  readonly modelPath?: string
}

/** What the readers of files are given. */
export interface ReadRequest extends DataRequest {
  /** Samples to a batch where the model takes any number. */
  readonly batchSize: number
  /** Where configs of preprocessing may stand: first found, first taken. */
  readonly folders: readonly string[]
}

/** Arrays by name, and where they stand. */
export interface NamedArrays {
  readonly origin: string
  readonly arrays: ReadonlyMap<string, HostArray>
}

/** How what stands at a path becomes arrays. */
export interface OpenedFiles {
  /** What a report says of that; empty where arrays are taken as they are. */
  readonly about: string
  readonly arrays: AsyncIterable<NamedArrays>
}
