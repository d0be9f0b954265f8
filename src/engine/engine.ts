import type { DeviceOptions } from './device.ts'
import { recorder } from './recorder.ts'

/** What the engine has done so far; times are milliseconds. */
export interface EngineStats {
  /** Graphs that were handed to the engine, and the time that took the recording thread. */
  readonly dispatches: number
  readonly dispatchMs: number
  /** Sessions that were compiled, and the time spent on lowering their graphs. */
  readonly compiled: number
  readonly loweringMs: number
  /** Runs that have ended, and the time that they took in ONNX Runtime. */
  readonly runs: number
  readonly runMs: number
}

/**
 * Sets the engine up: how many threads a run has. Has to come before the first run.
 * @throws StateError when the engine runs already
 */
export function configureEngine(options: DeviceOptions): void {
  recorder.configure(options)
}

/** What the engine has done since it started. */
export function engineStats(): EngineStats {
  return { ...recorder.stats, ...recorder.sessions.stats, ...recorder.device.stats }
}

/**
 * Waits until everything that was recorded and dispatched has run. A loop over a `DataLoader` never gets more than a few runs ahead of the engine;
 * a loop of another kind that reads nothing calls this every few steps, so that its runs do not queue without bound.
 * @throws StateError when a run has failed and nobody has read its results since
 */
export function settled(): Promise<void> {
  return recorder.settled()
}

/** Stops the engine and its thread, for good. */
export function closeEngine(): Promise<void> {
  return recorder.close()
}
