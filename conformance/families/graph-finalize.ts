import { ExportBackend, ExportError, type GraphModule } from 'lowbit'
import type { JsonObject, PartContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import type { PreparedCase } from './graph-case.ts'
import { expectedOutputs, lostBiases } from './graph-expected-outputs.ts'
import { compareFinalizedNodes } from './graph-finalize-nodes.ts'
import { compareFinalizedOutputs } from './graph-finalize-outputs.ts'
import { calibratedCase } from './graph-finalize-prepared.ts'
import { compareFinalizedStates } from './graph-finalize-states.ts'
import { type RecordedNode, readRecorded, readTensors } from './graph-recordings.ts'
import type { RecordedState } from './recorded-states.ts'

/** Backends whose files coreai_opt makes. */
export type FileBackend = 'CoreAI' | 'CoreML'

/** What finalized.json says of one backend. */
interface RecordedForm {
  readonly graph: readonly RecordedNode[]
  readonly states: readonly RecordedState[]
  /** Class of the exception, where the reference refuses. */
  readonly error?: unknown
  /** Exception of the finalized model for the evaluation batches. */
  readonly run_error?: unknown
  readonly mil_activation_modules?: Readonly<Record<string, JsonObject>>
}

/** Checks the part `finalize:CoreAI`. */
export function checkFinalizedCoreAI(context: PartContext): Promise<Divergence | undefined> {
  return checkFinalized(context, 'CoreAI')
}

/** Checks the part `finalize:CoreML`. */
export function checkFinalizedCoreML(context: PartContext): Promise<Divergence | undefined> {
  return checkFinalized(context, 'CoreML')
}

/** Compares the nodes, the states and what is stored in them, outputs, or that both refuse. */
async function checkFinalized(context: PartContext, backend: FileBackend): Promise<Divergence | undefined> {
  const { configFolder = '' } = context
  const recorded = readRecorded<Readonly<Record<FileBackend, RecordedForm>>>(configFolder, 'finalized.json')[
    backend
  ]
  const prepared = await calibratedCase(context)
  const { model, error } = await finalize(prepared, backend)
  const refusal = recorded.error ?? recorded.run_error
  if (model === undefined || refusal !== undefined) return compareRefusal(refusal, error)
  const tensors = readTensors(configFolder, 'finalized.safetensors')
  const lost = lostBiases(prepared.prepared)
  const stored = { states: recorded.states, tensors, prefix: `${backend}.state.` }
  return (
    compareFinalizedNodes(recorded.graph, model) ??
    compareActivations(recorded.mil_activation_modules, model) ??
    (await compareFinalizedStates(stored, model, prepared.prepared, lost)) ??
    (await compareFinalizedOutputs(
      expectedOutputs(configFolder, backend, tensors, lost),
      model,
      prepared.inputs,
    ))
  )
}

async function finalize(
  { quantizer }: PreparedCase,
  backend: FileBackend,
): Promise<{ readonly model?: GraphModule; readonly error?: unknown }> {
  try {
    return { model: await quantizer.finalize({ backend: ExportBackend[backend] }) }
  } catch (error) {
    return { error }
  }
}

/** Whatever the reference refuses here, or makes something of that cannot run, a backend cannot express. */
function compareRefusal(recorded: unknown, error: unknown): Divergence | undefined {
  if (recorded !== undefined && error instanceof ExportError) return undefined
  const expected = recorded === undefined ? 'no error' : `ExportError, for ${JSON.stringify(recorded)}`
  return { where: 'finalize', expected, got: error === undefined ? 'no error' : String(error) }
}

/** Compares the dtypes of Core ML's quantized activations. */
function compareActivations(
  recorded: Readonly<Record<string, JsonObject>> = {},
  model: GraphModule,
): Divergence | undefined {
  const modules = new Map(model.namedModules())
  for (const [path, { dtype }] of Object.entries(recorded)) {
    const module = modules.get(path)
    const got = module !== undefined && 'dtype' in module ? `q${String(module.dtype)}` : 'nothing'
    if (got !== dtype) return { where: path, expected: String(dtype), got }
  }
  return undefined
}
