import { basename } from 'node:path'
import { type AnyModule, type HostArray, loadStateDict, Module } from 'lowbit'
import type { PartContext } from '../case.ts'
import { readTensors } from '../families/graph-recordings.ts'
import { eagerModels } from './eager-models.ts'

/**
 * Builds the module that a model's folder describes in words, with the recorded weights. A file of `--models` comes before the table.
 *
 * @throws RangeError when nothing builds a model of that name
 * @throws StateError or ShapeError when the weights are not those of the module
 */
export function buildModel({ modelFolder, models }: PartContext): AnyModule {
  const name = basename(modelFolder)
  const builder: unknown = models.get(name) ?? eagerModels.get(name)
  if (typeof builder !== 'function') {
    throw new RangeError(
      `Cannot build the model "${name}": expected a function for it in conformance/models or in the file of --models, got none`,
    )
  }
  const model: unknown = builder()
  if (!(model instanceof Module))
    throw new TypeError(`Cannot build the model "${name}": expected a module, got ${typeof model}`)
  loadStateDict(model, weightsOf(modelFolder))
  model.eval()
  return model
}

/** The recorded weights of a model. */
export function weightsOf(modelFolder: string): ReadonlyMap<string, HostArray> {
  return readTensors(modelFolder, 'weights.safetensors')
}
