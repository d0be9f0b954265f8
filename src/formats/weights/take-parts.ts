import { type PartFiles, PartWriter } from './part-writer.ts'
import type { WeightPart } from './weight-parts.ts'

/** More parts than there are. */
const ALL = 2 ** 30

/** Lets threads that share a number take no more parts. */
export function stopParts(next: Int32Array): void {
  Atomics.store(next, 0, ALL)
}

/**
 * Does parts of the work, each time the next one that no thread has taken, until there are no more.
 *
 * @param next a number that the threads share: how many parts have been taken. A failure stops them all
 * @param onPart told the index of each part that is done
 * @throws as `PartWriter` does
 */
export async function takeParts(
  files: PartFiles,
  parts: readonly WeightPart[],
  next: Int32Array,
  onPart: (index: number) => void,
): Promise<void> {
  try {
    const writer = await PartWriter.open(files)
    try {
      for (;;) {
        const index = Atomics.add(next, 0, 1)
        const part = parts[index]
        if (part === undefined) return
        await writer.write(part)
        onPart(index)
        // The thread has waited for its files: now what else it has to do, such as to hear of an abort.
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      await writer.close()
    }
  } catch (error) {
    stopParts(next)
    throw error
  }
}
