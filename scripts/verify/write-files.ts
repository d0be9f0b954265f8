/** Quantizes each model with each configuration, and writes the files of a backend with inputs and what lowbit computes of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  ExportBackend,
  exportModule,
  type HostArray,
  type QuantizedModel,
  Quantizer,
  save,
  writeSafetensors,
} from 'lowbit'
import { configs, quantizerConfig, type VerifiedConfig } from './configs.ts'
import { useExactScales } from './exact-scales.ts'
import type { VerifiedModel } from './models.ts'
import { outputsOf, STEADY, steadiestBatch } from './sensitivity.ts'

/** A written file, as the Python scripts read it from `manifest.json`. */
interface ManifestEntry {
  readonly id: string
  /** Name of the file in the folder. */
  readonly file: string
  /** Tensors `input.<i>` and `expected.<i>`; for Core ML the model's states as well, as `weight.<name>`. */
  readonly tensors: string
  /** Largest difference that is allowed, relative to the largest number expected. */
  readonly tolerance: number
  /** For Core ML: the float program and a configuration, of which the reference makes a package with the same operations. */
  readonly reference?: { readonly program: string; readonly config: object }
}

/** What could not be written. */
export interface WriteFailure {
  readonly id: string
  readonly detail: string
}

const ENDINGS: Readonly<Record<ExportBackend, string>> = {
  [ExportBackend.ONNX]: 'onnx',
  [ExportBackend.CoreAI]: 'pt2',
  [ExportBackend.CoreML]: 'mlpackage',
  [ExportBackend._TORCH]: 'pt2',
}

/** Largest difference between runtimes that sum in other orders, relative to the largest number. */
const TOLERANCE = 1e-6
/** Of 8 bits, relative to the largest number. Core AI's runtime and the interpreter of Core ML's programs sum averages in orders of their own. */
const TWO_STEPS = 2 / 127

/** Writes the files of a backend into a folder, with `manifest.json`, and gives what failed. */
export async function writeFiles(
  folder: string,
  backend: ExportBackend,
  models: readonly VerifiedModel[],
): Promise<WriteFailure[]> {
  await mkdir(folder, { recursive: true })
  const entries: ManifestEntry[] = []
  const failures: WriteFailure[] = []
  for (const model of models) {
    for (const config of variantsOf(configs.get(backend) ?? [], model)) {
      const id = `${model.name}.${config.name}`
      try {
        entries.push(await writeOne(folder, backend, model, config, id))
      } catch (error) {
        failures.push({
          id: `${backend} ${id}`,
          detail: error instanceof Error ? error.message : String(error),
        })
      }
    }
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(entries, null, 1))
  return failures
}

/** Where averages are quantized, each configuration of activations a second time with scales for which averages are exact. */
function variantsOf(configs: readonly VerifiedConfig[], { hasAverages }: VerifiedModel): VerifiedConfig[] {
  return configs.flatMap((config) =>
    hasAverages && config.hasActivations
      ? [config, { ...config, name: `${config.name}-exact-averages`, hasExactScales: true }]
      : [config],
  )
}

async function writeOne(
  folder: string,
  backend: ExportBackend,
  model: VerifiedModel,
  config: VerifiedConfig,
  id: string,
): Promise<ManifestEntry> {
  const logger = { warn: () => {} }
  const quantizer = new Quantizer(await model.build(), quantizerConfig(config, model.blockSize), { logger })
  const prepared = await quantizer.prepare(model.calibration[0] ?? [])
  await quantizer.calibrate(model.calibration)
  if (config.hasExactScales) await useExactScales(prepared)
  const finalized = await quantizer.finalize({ backend })
  const file = `${id}.${ENDINGS[backend]}`
  await save(finalized, join(folder, file), { ...config.options, overwrite: true })
  const batch = await steadiestBatch(
    finalized,
    config.hasActivations ? model.evaluation : model.evaluation.slice(0, 1),
    // Exact scales are exact as they are; those of weights stand for the order of sums.
    (scale) => !config.hasExactScales || /weight/.test(scale),
  )
  const outputs = await outputsOf(finalized, batch.inputs)
  const tensors: [string, HostArray][] = outputs.map((output, i) => [`expected.${i}`, output])
  for (const [i, input] of batch.inputs.entries()) tensors.push([`input.${i}`, await input.array()])
  if (backend === ExportBackend.CoreML)
    for (const [name, value] of [...finalized.namedParameters(), ...finalized.namedBuffers()])
      if (!name.includes('_COREML_')) tensors.push([`weight.${name}`, await value.array()])
  await writeFile(join(folder, `${id}.safetensors`), writeSafetensors(tensors))
  const reference = isCompared(backend, config) ? await writeReference(folder, model, config) : undefined
  return {
    ...(reference && { reference }),
    id,
    file,
    tensors: `${id}.safetensors`,
    tolerance: toleranceFor(backend, config, model, finalized, batch.sensitivity),
  }
}

/** One configuration of each model, for the reference takes its time: the one with most operations. */
function isCompared(backend: ExportBackend, { name }: VerifiedConfig): boolean {
  return backend === ExportBackend.CoreML && name === 'w8a8'
}

async function writeReference(
  folder: string,
  model: VerifiedModel,
  config: VerifiedConfig,
): Promise<NonNullable<ManifestEntry['reference']>> {
  const program = `${model.name}.float.pt2`
  const captured = await exportModule(await model.build(), model.calibration[0] ?? [])
  await save(captured, join(folder, program), { overwrite: true })
  return { program, config: config.content(model.blockSize) }
}

function toleranceFor(
  backend: ExportBackend,
  config: VerifiedConfig,
  { hasAverages }: VerifiedModel,
  { graph }: QuantizedModel,
  sensitivity: number,
): number {
  const mayRoundOtherwise = backend !== ExportBackend.ONNX && hasAverages && !config.hasExactScales
  if (config.hasActivations && mayRoundOtherwise) return Math.max(TWO_STEPS, sensitivity)
  if (sensitivity > STEADY) return sensitivity
  // What comes out of a dequantize is an integer times a scale: there is one way to round that.
  const isInteger = graph.outputs.every(({ node }) => node?.op.name.endsWith('.dequantize'))
  return config.isExact && isInteger ? 0 : TOLERANCE
}
