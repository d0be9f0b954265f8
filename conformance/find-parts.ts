import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConformanceCase, PartContext } from './case.ts'
import type { Checkers } from './checkers.ts'
import { foldersIn } from './folders.ts'
import { parseObject } from './parse-object.ts'
import type { FamilyRoot } from './target.ts'

/** The file whose presence makes a part of a configuration a case. */
const PART_FILES = {
  prepare: 'prepared.json',
  calibrate: 'calibrated.safetensors',
  trace: 'trace.safetensors',
  qat: 'qat.json',
} as const
const BACKENDS = ['_TORCH', 'CoreAI', 'CoreML'] as const

/** Finds the cases of `graph` or `eager`: the parts of each model's configurations, and one part per model. */
export function findPartCases(
  root: FamilyRoot,
  checkers: Checkers,
  models: ReadonlyMap<string, unknown>,
): ConformanceCase[] {
  const { family, folder, touches } = root
  return foldersIn(folder).flatMap((model) => {
    const modelFolder = join(folder, model)
    const configs = join(modelFolder, 'configs')
    const found = [
      ...floatPart(modelFolder),
      ...foldersIn(configs).flatMap((config) => configParts(join(configs, config), config)),
    ]
    return found
      .filter(({ file }) => touches(file))
      .map(({ part, config, configFolder, file }): ConformanceCase => {
        const checker = checkers.parts.get(`${family}/${part}`)
        const context: PartContext = { modelFolder, configFolder, part, models }
        return { family, part, model, config, file, check: checker && (() => checker(context)) }
      })
  })
}

interface FoundPart {
  readonly part: string
  readonly config: string | undefined
  readonly configFolder: string | undefined
  readonly file: string
}

function floatPart(modelFolder: string): FoundPart[] {
  const file = join(modelFolder, 'float_outputs.safetensors')
  return existsSync(file) ? [{ part: 'float', config: undefined, configFolder: undefined, file }] : []
}

function configParts(configFolder: string, config: string): FoundPart[] {
  const single = Object.entries(PART_FILES).map(([part, name]) => ({ part, file: join(configFolder, name) }))
  return [...single, ...finalizeParts(configFolder)]
    .filter(({ file }) => existsSync(file))
    .map(({ part, file }) => ({ part, config, configFolder, file }))
}

/** A finalized.json holds one result for each backend that was recorded. */
function finalizeParts(configFolder: string): { part: string; file: string }[] {
  const file = join(configFolder, 'finalized.json')
  if (!existsSync(file)) return []
  const recorded = parseObject(readFileSync(file, 'utf8'), file)
  return BACKENDS.filter((backend) => backend in recorded).map((backend) => ({
    part: `finalize:${backend}`,
    file,
  }))
}
