import type { PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { calibrateAsRecorded, prepareCase, quantizesWeights } from './graph-case.ts'
import { compareOutput, outputRule } from './graph-numbers.ts'
import { type RecordedPreparation, readRecorded, readTensors } from './graph-recordings.ts'
import { matchNodes } from './graph-structure.ts'

/** Checks the part `trace`: the value of every node of the calibrated graph for the first evaluation batch. */
export async function checkTrace(context: PartContext): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const prepared = await prepareCase(context)
  await calibrateAsRecorded(prepared, quantizesWeights(context))
  const recorded = readTensors(configFolder, 'trace.safetensors')
  const { graph } = readRecorded<RecordedPreparation>(configFolder, 'prepared.json')
  const names = matchNodes(graph, prepared.prepared.graph)
  const rule = await outputRule(prepared.prepared, prepared.quantizer.inspect())
  for (const [name, value] of prepared.prepared.trace(...prepared.inputs.at('eval.0'))) {
    const key = names.get(name)
    const expected = key === undefined ? undefined : recorded.get(key)
    const divergence = expected && compareOutput(`${key} (${name})`, expected, await value.array(), rule)
    if (divergence) return divergence
  }
  return undefined
}
