import type { AnyModule, Module, Tensor } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { Divergence } from '../divergence.ts'
import { compareOutput, type OutputRule, tensorsIn } from './graph-numbers.ts'

/** Calls a module with inputs that are known only at run time, and waits for an async forward. */
export async function callModel(model: AnyModule, inputs: readonly unknown[]): Promise<Tensor[]> {
  const callable: Module<readonly unknown[], unknown> = Object(model)
  return tensorsIn(await callable(...inputs))
}

/**
 * Runs a model on batches and compares its outputs with those recorded under `<prefix>.<batch>.<output>`.
 *
 * @param expected recorded tensors
 */
export async function compareRuns(
  model: AnyModule,
  batches: readonly (readonly Tensor[])[],
  expected: ReadonlyMap<string, HostArray>,
  prefix: string,
  rule: OutputRule,
): Promise<Divergence | undefined> {
  let compared = 0
  for (const [b, batch] of batches.entries()) {
    const outputs = await callModel(model, batch)
    for (const [i, output] of outputs.entries()) {
      const key = `${prefix}.${b}.${i}`
      const recorded = expected.get(key)
      if (recorded === undefined) return { where: key, expected: 'no such output', got: 'one' }
      const divergence = compareOutput(key, recorded, await output.array(), rule)
      if (divergence !== undefined) return divergence
      compared++
    }
  }
  const recordings = [...expected.keys()].filter((key) => key.startsWith(`${prefix}.`)).length
  if (compared === recordings) return undefined
  return { where: prefix, expected: `${recordings} outputs`, got: String(compared) }
}
