import { storageOf } from './placement.ts'
import { makeProgram, type Program } from './program.ts'
import type { Storage } from './storage.ts'
import type { Tensor } from './tensor.ts'

/** What a run is for: `once` is a run that is not repeated. */
export type Purpose = 'inference' | 'training' | 'once'

/** What one dispatch computes. */
export interface Work {
  readonly tensors: readonly Tensor[]
  /** State among the tensors, with the data that it had. */
  readonly replaced: ReadonlyMap<Tensor, Storage>
  readonly purpose: Purpose
}

/** A result of a dispatch: where it will be, and the state that it replaces. */
export interface Result {
  readonly storage: Storage
  readonly before: Storage | undefined
}

/** State that no update replaces is built into the session where that pays: not in training, where most of it changes, and not for a single run. */
export function programOf({ tensors, replaced, purpose }: Work): Program {
  const changing = new Set(replaced.values())
  return makeProgram([...new Set(tensors.map(({ value }) => value))], (leaf) => {
    const storage = storageOf(leaf)
    return purpose === 'inference' && storage !== undefined && storage.isState && !changing.has(storage)
  })
}

/**
 * Replaced data that a gradient may still be asked to flow through, as a batch norm's does when its result is read before `backward`: it
 * stays until nobody refers to it. A parameter's is given up, as an update in place does.
 */
export function stillAskedFor({ nodes }: Program, { replaced }: Work): Set<Storage> {
  const buffers = new Set([...replaced].flatMap(([tensor, before]) => (tensor.requiresGrad ? [] : [before])))
  const kept = new Set<Storage>()
  for (const { differentiable, op, inputs } of buffers.size === 0 ? [] : nodes) {
    if (!differentiable || op.gradient === 'none') continue
    for (const input of inputs) {
      const storage = input === null ? undefined : storageOf(input)
      if (storage !== undefined && buffers.has(storage)) kept.add(storage)
    }
  }
  return kept
}
