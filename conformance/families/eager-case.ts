import {
  type AnyModule,
  type EagerInspection,
  inspectEager,
  type Module,
  Quantizer,
  QuantizerConfig,
  type Tensor,
} from 'lowbit'
import type { PartContext } from '../case.ts'
import { buildModel } from '../models/build-model.ts'
import { CaseInputs } from './graph-case.ts'
import { tensorsIn } from './graph-numbers.ts'
import { readRecorded, readTensors } from './graph-recordings.ts'
import { capturingLogger } from './warnings.ts'

/** A configuration of a model, ready to be prepared. */
export interface EagerCase {
  readonly model: AnyModule
  readonly quantizer: Quantizer
  readonly warnings: string[]
  readonly inputs: CaseInputs
  /** Folder of the configuration. */
  readonly folder: string
}

/** A configuration whose model is prepared. */
export interface PreparedEagerCase extends EagerCase {
  readonly inspection: EagerInspection
}

/**
 * Builds a model and reads a configuration of it.
 * @throws ConfigError for a config that is refused
 */
function openEagerCase(context: PartContext): EagerCase {
  const { modelFolder, configFolder } = context
  if (configFolder === undefined)
    throw new RangeError(`Cannot check "${modelFolder}": expected a configuration, got none`)
  const model = buildModel(context)
  const config = QuantizerConfig.fromDict(readRecorded(configFolder, 'config.json'))
  const { logger, warnings } = capturingLogger()
  return {
    model,
    quantizer: new Quantizer(model, config, { logger }),
    warnings,
    inputs: new CaseInputs(readTensors(modelFolder, 'inputs.safetensors')),
    folder: configFolder,
  }
}

/** Reads a configuration and prepares its model. */
export async function prepareEagerCase(context: PartContext): Promise<PreparedEagerCase> {
  const opened = openEagerCase(context)
  await opened.quantizer.prepare(opened.inputs.at('example.0'))
  return { ...opened, inspection: inspectEager(opened.model) }
}

/** Lets a prepared model observe the recorded batches, with its weights quantized as the reference has them. */
export async function calibrateEagerCase({ quantizer, inputs }: EagerCase): Promise<void> {
  await quantizer.calibrate(inputs.batches('calib'), { fakeQuantWeights: true })
}

/** Calls a module with inputs that are known only at run time, and waits for an async forward. */
export async function callModel(model: AnyModule, inputs: readonly unknown[]): Promise<Tensor[]> {
  const callable: Module<readonly unknown[], unknown> = Object(model)
  return tensorsIn(await callable(...inputs))
}
