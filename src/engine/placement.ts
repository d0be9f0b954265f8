import { Value } from '../ir/node.ts'
import { Storage } from './storage.ts'

/** The data behind a value, when it was given or has been asked for from a run. */
export function storageOf(value: Value): Storage | undefined {
  return value.placement instanceof Storage ? value.placement : undefined
}

/** Says where the data of a value is. */
export function place(value: Value, storage: Storage): void {
  value.placement = storage
}

/** A new value without a producer for stored data. */
export function leafOf(storage: Storage): Value {
  const value = new Value({ shape: storage.shape, dtype: storage.dtype })
  place(value, storage)
  return value
}
