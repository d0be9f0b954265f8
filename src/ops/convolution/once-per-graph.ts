import type { Emitter } from '../../ir/emitter.ts'

const written = new WeakMap<Emitter, Map<string, string>>()

/**
 * The name of a value that several nodes of a graph need, written by the first that asks. ONNX Runtime merges equal nodes itself, but
 * neither those of `com.microsoft.nchwc` nor equal constants.
 */
export function oncePerGraph(e: Emitter, key: string, write: () => string): string {
  const names = written.get(e) ?? new Map<string, string>()
  written.set(e, names)
  const name = names.get(key) ?? write()
  names.set(key, name)
  return name
}
