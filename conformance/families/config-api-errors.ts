import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DEFAULT_ACTIVATION_SPEC,
  ExportBackend,
  Linear,
  ModuleQuantizerConfig,
  PerBlock,
  QuantizationSpec,
  Quantizer,
  QuantizerConfig,
  ReLU,
  Sequential,
  type SpecOptions,
  zeros,
} from 'lowbit'
import type { EntryContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { capturingLogger } from './warnings.ts'

type Mode = 'graph' | 'eager'

/** A quantizer in a situation, and the warnings so far. */
interface Scene {
  readonly mode: Mode
  readonly make: (options?: ConfigOptions) => Quantizer
  readonly prepared: (options?: ConfigOptions) => Promise<Quantizer>
}

interface ConfigOptions {
  readonly weight?: SpecOptions
  readonly activation?: SpecOptions
  readonly names?: Readonly<Record<string, ModuleQuantizerConfig>>
  readonly opNames?: Readonly<Record<string, null>>
  readonly preserved?: readonly string[]
}

const INPUT = [2, 8]

/** What is done in each recorded situation; in the order of the recordings. */
const SITUATIONS: Readonly<Record<string, (scene: Scene) => Promise<unknown> | unknown>> = {
  train_unprepared: ({ make }) => make().trainingMode(async () => {}),
  step_unprepared: ({ make }) => make().step(),
  prepare_twice: async ({ prepared }) => (await prepared()).prepare([zeros(INPUT)]),
  nested_calibration: async ({ prepared }) => {
    const quantizer = await prepared()
    await quantizer.calibrationMode(() => quantizer.calibrationMode(async () => {}))
  },
  training_in_calibration: async ({ prepared }) => {
    const quantizer = await prepared()
    await quantizer.calibrationMode(() => quantizer.trainingMode(async () => {}))
  },
  step_outside: async ({ prepared }) => (await prepared()).step(),
  submodule_unknown: async ({ prepared }) => (await prepared()).disableObserver(new Linear(2, 2)),
  finalize_coreai: async ({ prepared }) => (await prepared()).finalize({ backend: ExportBackend.CoreAI }),
  finalize_torch: async ({ prepared }) => (await prepared()).finalize({ backend: ExportBackend._TORCH }),
  finalize_coreml: async ({ prepared }) => (await prepared()).finalize({ backend: ExportBackend.CoreML }),
  finalize_bad_backend: async ({ prepared }) =>
    (await prepared()).finalize({ backend: JSON.parse('"nothing"') }),
  mmap_coreml: async ({ prepared }) =>
    (await prepared()).finalize({ backend: ExportBackend.CoreML, mmapDir: 'weights' }),
  mmap_coreai: async ({ prepared }) => {
    const quantizer = await prepared()
    const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
    try {
      await quantizer.finalize({ backend: ExportBackend.CoreAI, mmapDir: join(folder, 'weights') })
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  coreml_int2: async ({ prepared }) =>
    (await prepared({ weight: { dtype: 'int2' } })).finalize({ backend: ExportBackend.CoreML }),
  coreml_minval: async ({ prepared }) =>
    (await prepared({ weight: { qscheme: 'asymmetric', qformulation: 'minval' } })).finalize({
      backend: ExportBackend.CoreML,
    }),
  coreml_act_int4: async ({ prepared }) =>
    (await prepared({ activation: { dtype: 'int4' } })).finalize({ backend: ExportBackend.CoreML }),
  coreai_dynamic: async ({ prepared }) =>
    (await prepared({ activation: { qparamCalculator: 'dynamic' } })).finalize({
      backend: ExportBackend.CoreAI,
    }),
  torch_dynamic: async ({ prepared }) =>
    (await prepared({ activation: { qparamCalculator: 'dynamic' } })).finalize({
      backend: ExportBackend._TORCH,
    }),
  dynamic_range: ({ prepared }) =>
    prepared({ activation: { qparamCalculator: 'dynamic', floatRange: [-1, 1] } }),
  bad_regex_op_name: ({ prepared }) => prepared({ opNames: { '(': null } }),
  bad_regex_module: ({ prepared }) => prepared({ names: { '(': new ModuleQuantizerConfig() } }),
  unmatched_module_name: ({ prepared }) => prepared({ names: { nowhere: new ModuleQuantizerConfig() } }),
  inputs_list: ({ prepared }) => prepared(),
  inputs_tensor: ({ make }) => make().prepare(JSON.parse('{}')),
  inputs_empty: ({ make }) => make().prepare([]),
  inputs_shape: ({ make }) => make().prepare([zeros([2, 5])]),
  dynamic_shapes_arg: ({ make }) => make().prepare([zeros(INPUT)], { dynamicShapes: [{ 0: 'batch' }] }),
  preserved_missing: ({ prepared }) => prepared({ preserved: ['nothing'] }),
  foreign_model_finalize: async ({ prepared }) =>
    (await prepared()).finalize({ model: new Linear(2, 2), backend: ExportBackend._TORCH }),
  nondivisible_block: ({ prepared }) => prepared({ weight: { dtype: 'int4', granularity: new PerBlock(5) } }),
}

/** Where lowbit differs on purpose: what it throws, null for nothing. */
const OTHERWISE: Readonly<Record<string, string | null>> = {
  'inputs_list.graph': null,
  'inputs_empty.graph': 'ValueError',
  'inputs_empty.eager': 'ValueError',
  'finalize_coreai.graph': null,
  'finalize_coreai.eager': null,
  'mmap_coreai.eager': null,
  'mmap_coreai.graph': 'ValueError',
  'coreml_minval.graph': 'CoreMLExportError',
  'coreml_minval.eager': 'CoreMLExportError',
  'finalize_bad_backend.graph': 'ValueError',
  'finalize_bad_backend.eager': 'ValueError',
}

/** Checks an entry of config/api_errors: the error of a situation, or none, and whether it warns. */
export async function checkApiError({ entry }: EntryContext): Promise<Divergence | undefined> {
  const [situation = ''] = String(entry.id).split('.')
  const run = SITUATIONS[situation]
  if (run === undefined) return { where: 'situation', expected: 'one that is known', got: situation }
  const recorded = entry.error as { readonly type: string } | undefined
  const own = OTHERWISE[String(entry.id)]
  const expected = own === undefined ? recorded?.type : (own ?? undefined)
  const { logger, warnings } = capturingLogger()
  try {
    await run(sceneOf(entry.mode === 'eager' ? 'eager' : 'graph', logger))
  } catch (error) {
    return compareError(situation, expected ?? 'no error', error)
  }
  if (expected !== undefined) return compareError(situation, expected, undefined)
  const warns = Array.isArray(entry.warnings) && entry.warnings.length > 0
  return warns && warnings.length === 0
    ? { where: 'warnings', expected: 'a warning', got: 'none' }
    : undefined
}

function sceneOf(mode: Mode, logger: ReturnType<typeof capturingLogger>['logger']): Scene {
  const make = (options: ConfigOptions = {}) => {
    const model = new Sequential(new Linear(8, 8), new ReLU(), new Linear(8, 4))
    return new Quantizer(model, configOf(mode, options), { logger })
  }
  return {
    mode,
    make,
    prepared: async (options) => {
      const quantizer = make(options)
      await quantizer.prepare([zeros(INPUT)])
      return quantizer
    },
  }
}

function configOf(
  executionMode: Mode,
  { weight, activation, names = {}, opNames = {}, preserved }: ConfigOptions,
): QuantizerConfig {
  const acts = activation === undefined ? {} : { '*': DEFAULT_ACTIVATION_SPEC.with(activation) }
  return new QuantizerConfig({
    globalConfig: new ModuleQuantizerConfig({
      ...(activation === undefined ? {} : { opInputSpec: acts, opOutputSpec: acts }),
      ...(weight === undefined ? {} : { opStateSpec: { weight: new QuantizationSpec(weight) } }),
      opNameConfig: opNames,
    }),
    moduleNameConfigs: names,
    executionMode,
    ...(preserved === undefined ? {} : { preservedAttributes: preserved }),
  })
}
