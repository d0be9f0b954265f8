/** Quantizes each model with each configuration, and writes the files of a backend with inputs and what lowbit computes of them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExportBackend, noGrad, Quantizer, save, Tensor, writeSafetensors } from 'lowbit'
import { configs, quantizerConfig, type VerifiedConfig } from './configs.ts'
import type { VerifiedModel } from './models.ts'

/** A written file, as the Python scripts read it from `manifest.json`. */
interface ManifestEntry {
  readonly id: string
  /** Name of the file in the folder. */
  readonly file: string
  /** Tensors `input.<i>` and `expected.<i>`. */
  readonly tensors: string
  readonly exact: boolean
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
    for (const config of configs.get(backend) ?? []) {
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

async function writeOne(
  folder: string,
  backend: ExportBackend,
  model: VerifiedModel,
  config: VerifiedConfig,
  id: string,
): Promise<ManifestEntry> {
  const logger = { warn: () => {} }
  const quantizer = new Quantizer(await model.build(), quantizerConfig(config, model.blockSize), { logger })
  await quantizer.prepare(model.calibration[0] ?? [])
  await quantizer.calibrate(model.calibration)
  const finalized = await quantizer.finalize({ backend })
  const file = `${id}.${ENDINGS[backend]}`
  await save(finalized, join(folder, file), { ...config.options, overwrite: true })
  const outputs = tensorsOf(noGrad(() => finalized(...model.evaluation)))
  const tensors: [string, Awaited<ReturnType<Tensor['array']>>][] = []
  for (const [i, input] of model.evaluation.entries()) tensors.push([`input.${i}`, await input.array()])
  for (const [i, output] of outputs.entries()) tensors.push([`expected.${i}`, await output.array()])
  await writeFile(join(folder, `${id}.safetensors`), writeSafetensors(tensors))
  return { id, file, tensors: `${id}.safetensors`, exact: config.isExact ?? false }
}

/** The tensors of an output, in order. */
function tensorsOf(output: unknown): Tensor[] {
  if (output instanceof Tensor) return [output]
  if (typeof output !== 'object' || output === null) return []
  return Object.values(output).flatMap(tensorsOf)
}
