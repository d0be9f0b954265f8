import { recorder } from '../engine/recorder.ts'

/**
 * Lets the engine spare processor and memory: a command shares both with its own main thread, and data of many shapes makes many sessions. An engine that runs already,
 * as in a program that calls the command line, stays as it is.
 */
export function spareMachine(): void {
  if (!recorder.isStarted) recorder.configure({ ...recorder.options, sparing: true })
}

/** Starts the engine, sparing, on its own thread, while a command reads what it is to run. */
export function startEngine(): void {
  spareMachine()
  recorder.start()
}
