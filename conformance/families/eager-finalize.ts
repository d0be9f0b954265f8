import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExportBackend, ExportError, readSafetensors, StateError } from 'lowbit'
import type { JsonObject, PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { calibrateEagerCase, callModel, type PreparedEagerCase, prepareEagerCase } from './eager-case.ts'
import { compareModuleTree, type RecordedModule } from './eager-modules.ts'
import { compareRuns, eagerOutputRule, MIN_SNR_DB } from './eager-numbers.ts'
import { compareFinalizedEager } from './eager-states.ts'
import type { OutputRule } from './graph-numbers.ts'
import { readRecorded, readTensors } from './graph-recordings.ts'
import { compareDicts } from './recorded-dicts.ts'
import type { RecordedState } from './recorded-states.ts'
import { isQuestion } from './shape-questions.ts'

/** A tensor of a file. */
type RecordedTensor = readonly [name: string, dtype: string, shape: readonly number[]]

/** What finalized.json says of one backend. */
interface RecordedForm {
  readonly modules: readonly RecordedModule[]
  readonly states: readonly RecordedState[]
  /** Tensors of each file that holds a weight. */
  readonly mmap_files?: Readonly<Record<string, readonly RecordedTensor[]>>
  /** Class of the exception, where the reference refuses. */
  readonly error?: unknown
  /** Exception of the finalized model for the evaluation batches. */
  readonly run_error?: unknown
}

/** A state that a module computes, by its path. */
const COMPUTED = /^(.*\.)?parametrizations\.([^.]*)\.(.*)$/

type Form = '_TORCH' | 'CoreAI' | 'CoreAI_mmap' | 'CoreML'

/** Checks the part `finalize:_TORCH`. */
export function checkEagerTorch(context: PartContext): Promise<Divergence | undefined> {
  return checkForm(context, '_TORCH')
}

/** Checks the part `finalize:CoreAI`, with weights in memory and in files. */
export async function checkEagerCoreAI(context: PartContext): Promise<Divergence | undefined> {
  return (await checkForm(context, 'CoreAI')) ?? (await inFolder((folder) => checkMapped(context, folder)))
}

/** Checks the part `finalize:CoreML`. */
export function checkEagerCoreML(context: PartContext): Promise<Divergence | undefined> {
  return checkForm(context, 'CoreML')
}

async function checkMapped(context: PartContext, folder: string): Promise<Divergence | undefined> {
  const form = formIn(context, 'CoreAI_mmap')
  if (form === undefined) return undefined
  const divergence = await checkForm(context, 'CoreAI_mmap', folder)
  if (divergence !== undefined || form.error !== undefined) return divergence
  const files = await readdir(folder)
  const got = await Promise.all(
    files.map(async (file) => {
      const tensors = readSafetensors(await readFile(join(folder, file)))
      return [
        file,
        contentsOf(Array.from(tensors, ([name, { dtype, shape }]) => [name, dtype, shape])),
      ] as const
    }),
  )
  const expected = Object.entries(form.mmap_files ?? {}).map(([file, tensors]) => [file, contentsOf(tensors)])
  return compareDicts('mmap_files', Object.fromEntries(expected), Object.fromEntries(got))
}

/** Dtypes and shapes by name: in which order a file has its tensors does not matter. */
function contentsOf(tensors: readonly RecordedTensor[]): JsonObject {
  return Object.fromEntries(tensors.map(([name, ...type]) => [name, type]))
}

/** Compares modules, states and what is stored in them, and outputs; or that both refuse. */
async function checkForm(
  context: PartContext,
  name: Form,
  mmapDir?: string,
): Promise<Divergence | undefined> {
  const recorded = formIn(context, name)
  if (recorded === undefined) return { where: name, expected: 'a recorded form', got: 'none' }
  const form = recorded.error === undefined ? comparable(recorded, name) : recorded
  const own = await prepareEagerCase(context)
  const rule = await calibrateAsFarAsPossible(own)
  const error = await finalize(own, name, mmapDir)
  if (error !== undefined || form.error !== undefined) return compareRefusal(form, error)
  const tensors = readTensors(context.configFolder ?? '', 'finalized.safetensors')
  const stored = { states: form.states, tensors, prefix: `${name}.state.` }
  return (
    compareModuleTree('modules', form.modules, own.model) ??
    (await compareFinalizedEager(context, stored, own.model)) ??
    (await compareFormOutputs(own, form, name, tensors, rule))
  )
}

function formIn({ configFolder = '' }: PartContext, name: Form): RecordedForm | undefined {
  return readRecorded<Readonly<Partial<Record<Form, RecordedForm>>>>(configFolder, 'finalized.json')[name]
}

/** A form without what the reference alone has. */
function comparable(recorded: RecordedForm, name: Form): RecordedForm {
  const form = name === 'CoreML' ? withoutLeftovers(recorded) : recorded
  return {
    ...form,
    modules: form.modules.filter(([path]) => !isQuestion(path)),
    states: form.states.filter(([path]) => !isQuestion(path)),
  }
}

/**
 * For Core ML the reference makes only the first owner of a shared weight plain again, and leaves its fake quantizer to the others; here it is plain
 * in every place.
 */
function withoutLeftovers({ modules, states, ...form }: RecordedForm): RecordedForm {
  return {
    ...form,
    modules: modules.filter(([path]) => !path.split('.').includes('parametrizations')),
    states: states.flatMap(([path, dtype, shape, kind]): RecordedState[] => {
      const [, prefix = '', name, field] = COMPUTED.exec(path) ?? []
      if (name === undefined) return [[path, dtype, shape, kind]]
      return field === 'original' ? [[`${prefix}${name}`, dtype, shape, 'shared']] : []
    }),
  }
}

/**
 * Runs the evaluation batches and calibrates, and gives the rule for outputs. Data that takes another path than the example ends that; what was observed
 * until then stays.
 */
async function calibrateAsFarAsPossible(own: PreparedEagerCase): Promise<OutputRule> {
  const { model, inputs } = own
  const rule = { isQuantized: true, steps: new Map(), minSnrDb: MIN_SNR_DB }
  try {
    for (const batch of inputs.batches('eval')) await callModel(model, batch)
    await calibrateEagerCase(own)
    return await eagerOutputRule(model, inputs.at('eval.0'))
  } catch (error) {
    if (error instanceof StateError) return rule
    throw error
  }
}

async function finalize({ quantizer }: PreparedEagerCase, name: Form, mmapDir?: string): Promise<unknown> {
  const backend = ExportBackend[name === 'CoreAI_mmap' ? 'CoreAI' : name]
  try {
    await quantizer.finalize({ backend, ...(mmapDir === undefined ? {} : { mmapDir }) })
  } catch (error) {
    return error
  }
  return undefined
}

/** Whatever the reference refuses here, or makes something of that cannot run, a backend cannot express. */
function compareRefusal(form: RecordedForm, error: unknown): Divergence | undefined {
  const isRefused = form.error !== undefined || form.run_error !== undefined
  if (isRefused && error instanceof ExportError) return undefined
  const expected = form.error === undefined ? 'no error' : `ExportError, for ${String(form.error)}`
  return { where: 'finalize', expected, got: error === undefined ? 'no error' : String(error) }
}

async function compareFormOutputs(
  { model, inputs }: PreparedEagerCase,
  { run_error: failure }: RecordedForm,
  name: Form,
  tensors: ReturnType<typeof readTensors>,
  rule: OutputRule,
): Promise<Divergence | undefined> {
  const batches = inputs.batches('eval')
  try {
    const divergence = await compareRuns(model, batches, tensors, `${name}.out`, rule)
    if (failure === undefined || divergence !== undefined) return divergence
  } catch (error) {
    if (failure !== undefined && error instanceof StateError) return undefined
    throw error
  }
  return { where: 'run_error', expected: 'a StateError', got: 'no error' }
}

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'lowbit-conformance-'))
  try {
    return await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
