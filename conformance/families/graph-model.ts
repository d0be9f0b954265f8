import { join } from 'node:path'
import { type GraphModule, loadExportedProgram } from 'lowbit'

/**
 * Loads the recorded program of a model, with its weights.
 * @param file `model.pt2`, or `model_in_place.pt2` for the one with activations in place
 */
export function loadGraphModel(modelFolder: string, file: string = 'model.pt2'): Promise<GraphModule> {
  return loadExportedProgram(join(modelFolder, file))
}
