import { type AnyModule, fromHost, type GraphModule, Quantizer, QuantizerConfig, type Tensor } from 'lowbit'
import type { HostArray } from '../../src/tensor/index.ts'
import type { PartContext } from '../case.ts'
import { loadGraphModel } from './graph-model.ts'
import { tensorsIn } from './graph-numbers.ts'
import { hasFile, readRecorded, readTensors } from './graph-recordings.ts'
import { trainingForm } from './graph-training-forms.ts'
import { type RootedVariance, rootedVariances, takeReferenceRoots } from './reference-variances.ts'
import { capturingLogger } from './warnings.ts'

/** What the reference writes into every batch norm and dropout of a model that it prepares. */
const REFERENCE_LITERALS: Readonly<Record<string, object>> = {
  'aten.batch_norm': { eps: 1e-5, momentum: 0.1 },
  'aten.dropout': { p: 0.5 },
  'aten.feature_dropout': { p: 0.5 },
}

/** A configuration of a model, ready to be prepared. */
export interface GraphCase {
  readonly model: AnyModule
  readonly config: QuantizerConfig
  readonly quantizer: Quantizer
  readonly warnings: string[]
  readonly inputs: CaseInputs
  /** Folder of the configuration. */
  readonly folder: string
  /** Running variances whose roots scale weights: they have values with the roots of the recordings. */
  readonly variances: readonly RootedVariance[]
}

/** A configuration whose model is prepared. */
export interface PreparedCase extends GraphCase {
  readonly prepared: GraphModule
}

/** The recorded inputs of a model. */
export class CaseInputs {
  readonly #arrays: ReadonlyMap<string, HostArray>

  constructor(arrays: ReadonlyMap<string, HostArray>) {
    this.#arrays = arrays
  }

  /** The inputs under a prefix (`calib.0`), in order; none where there are none. */
  at(prefix: string): Tensor[] {
    const keys = [...this.#arrays.keys()].filter((key) => key.startsWith(`${prefix}.`))
    const place = (key: string) => Number(key.slice(prefix.length + 1))
    return keys
      .sort((a, b) => place(a) - place(b))
      .map((key) => {
        const array = this.#arrays.get(key)
        if (array === undefined)
          throw new RangeError(`Cannot read inputs: expected a tensor "${key}", got none`)
        return fromHost(array)
      })
  }

  /** Every batch of a kind (`eval`). */
  batches(kind: string): Tensor[][] {
    const batches: Tensor[][] = []
    for (let batch = this.at(`${kind}.0`); batch.length > 0; batch = this.at(`${kind}.${batches.length}`))
      batches.push(batch)
    return batches
  }
}

/**
 * Reads a configuration of a model.
 * @param file the program: `model.pt2`, or the one with activations in place
 * @throws ConfigError for a config that is refused
 */
async function openCase(context: PartContext, file: string = 'model.pt2'): Promise<GraphCase> {
  const { modelFolder, configFolder } = context
  if (configFolder === undefined)
    throw new RangeError(`Cannot check "${modelFolder}": expected a configuration, got none`)
  const model = trainingForm(modelFolder, configFolder) ?? (await recordedModel(modelFolder, file))
  const config = QuantizerConfig.fromDict(readRecorded(configFolder, 'config.json'))
  const { logger, warnings } = capturingLogger()
  const variances = rootedVariances(model)
  await takeReferenceRoots(model, variances)
  return {
    model,
    config,
    variances,
    warnings,
    quantizer: new Quantizer(model, config, { logger }),
    inputs: new CaseInputs(readTensors(modelFolder, 'inputs.safetensors')),
    folder: configFolder,
  }
}

/** Reads a configuration and prepares its model. */
export async function prepareCase(context: PartContext, file: string = 'model.pt2'): Promise<PreparedCase> {
  const opened = await openCase(context, file)
  const prepared = await opened.quantizer.prepare(opened.inputs.at('example.0'))
  return { ...opened, prepared }
}

/** Whether weights stay quantized while a model's activations are observed: the reference does so, the contract does not. */
export function quantizesWeights({ modelFolder }: PartContext): boolean {
  if (!hasFile(modelFolder, 'case.json')) return true
  return readRecorded<{ calibration?: string }>(modelFolder, 'case.json').calibration !== 'contract'
}

/**
 * Calibrates as the recordings did before they traced and finalized: outputs were taken before and after, which changes the statistics of a model that
 * is in training.
 */
export async function calibrateAsRecorded(own: PreparedCase, fakeQuantWeights: boolean): Promise<void> {
  if (own.prepared.training) await runEvaluation(own)
  await calibrate(own, fakeQuantWeights)
  if (own.prepared.training) await runEvaluation(own)
}

/** Calibrates, and does what was recorded before a model was finalized: its trace. */
export async function calibrateToFinalize(own: PreparedCase, fakeQuantWeights: boolean): Promise<void> {
  await calibrateAsRecorded(own, fakeQuantWeights)
  if (own.prepared.training && hasFile(own.folder, 'trace.safetensors')) await runEvaluation(own, 1)
}

async function runEvaluation({ prepared, inputs }: PreparedCase, count?: number): Promise<void> {
  for (const batch of inputs.batches('eval').slice(0, count))
    for (const output of tensorsIn(prepared(...batch))) await output.realize()
}

/** Lets a prepared model observe the recorded batches. */
export async function calibrate({ quantizer, inputs }: GraphCase, fakeQuantWeights: boolean): Promise<void> {
  await quantizer.calibrate(inputs.batches('calib'), { fakeQuantWeights })
}

async function recordedModel(modelFolder: string, file: string): Promise<GraphModule> {
  const model = await loadGraphModel(modelFolder, file)
  useReferenceLiterals(model)
  return model
}

function useReferenceLiterals({ graph }: GraphModule): void {
  for (const { op, attrs } of graph.nodes) Object.assign(attrs, REFERENCE_LITERALS[op.name])
}
