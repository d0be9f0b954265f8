import { recorder } from '../engine/recorder.ts'
import { openProgressLine } from './progress-line.ts'

/** What `progress` shows, and what stops it. */
export interface ProgressOptions {
  /** What the loop does, in front of the line: `epoch 1`. */
  readonly label?: string
  /** Called after every iteration, with the number of iterations where it is known; the line is left out then. */
  readonly onProgress?: (done: number, total?: number) => void
  /** Number of iterations. Default: the length of the source, where it has one. */
  readonly total?: number
  /** Stops the loop between two iterations. */
  readonly signal?: AbortSignal
}

/**
 * Goes through anything that a loop can go through, and shows how far it is: in a terminal on one line of stderr, with the rate and the time that is left;
 * elsewhere, as in a page, only `onProgress` is told. An iteration counts when its body has ended. As with a `DataLoader`, the body need not await anything:
 * before each iteration, what was recorded so far is dispatched, and the loop waits while it is more than a few runs ahead of the engine.
 *
 * A signal that is aborted makes the loop throw the signal's reason before the next iteration: what ended is whole, and a mode around the loop is left.
 *
 * @typeParam T what the loop goes through
 * @throws the reason of the signal
 * @example
 * let shown = ''
 * for await (const x of progress([1, 2, 3], { onProgress: (done, total) => (shown = `${done} of ${total}`) })) await tensor(x).item()
 * shown // '3 of 3'
 */
export async function* progress<T>(
  source: Iterable<T> | AsyncIterable<T>,
  { label = '', onProgress, total = lengthOf(source), signal }: ProgressOptions = {},
): AsyncGenerator<Awaited<T>, void, undefined> {
  const line = onProgress === undefined ? openProgressLine(label, total) : undefined
  let done = 0
  try {
    signal?.throwIfAborted()
    for await (const item of source) {
      signal?.throwIfAborted()
      await recorder.catchUp()
      yield item
      done++
      onProgress?.(done, total)
      line?.update(done)
      signal?.throwIfAborted()
    }
  } finally {
    line?.end(done)
  }
}

/** Length of an array or a data loader, size of a set or a map. */
export function lengthOf(source: object): number | undefined {
  const length: unknown = 'length' in source ? source.length : 'size' in source ? source.size : undefined
  return typeof length === 'number' ? length : undefined
}
