import type { AnyModule } from './module.ts'

/** One call of a module, as a watcher follows it. */
export interface WatchedCall {
  /** The forward has returned, an async one its value. May throw, which fails the call. */
  leave(output: unknown): void
  /** The forward, or a `leave`, has thrown. */
  fail(): void
}

/** Told of a call right before the forward runs, with the inputs that it gets. */
export type CallWatcher = (module: AnyModule, inputs: readonly unknown[]) => WatchedCall
