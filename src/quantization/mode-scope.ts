/** A mode that ends when its scope ends: `await using mode = quantizer.trainingMode()`, or awaited with a body. */
export interface ModeScope extends AsyncDisposable {}

/** A scope that leaves its mode once, however often it is disposed of. */
export function openScope(leave: () => Promise<void>): ModeScope {
  let left: Promise<void> | undefined
  return {
    [Symbol.asyncDispose]() {
      left ??= leave()
      return left
    },
  }
}

/** Runs a body inside a scope, and leaves the scope whatever happens. */
export async function runInScope<T>(scope: ModeScope, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } finally {
    await scope[Symbol.asyncDispose]()
  }
}
