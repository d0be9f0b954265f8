import { AtomicFolder } from '../../../codec/atomic-folder.ts'
import { recorder } from '../../../engine/recorder.ts'
import { fromHost } from '../../../engine/tensor.ts'
import { type AnyModule, joinPath, type Module } from '../../../nn/module.ts'
import { Buffer, Parameter } from '../../../nn/parameter.ts'
import { fromValues } from '../../../tensor/from-values.ts'
import type { HostArray } from '../../../tensor/host-array.ts'
import { ExportBackend } from '../../config/execution-mode.ts'
import { ExportError } from '../../export-error.ts'
import { FakeQuantize } from '../../fake-quantize/fake-quantize.ts'
import { coreaiRefusal } from '../../graph/finalize/coreai-form.ts'
import { CoreMLActivation } from '../../graph/finalize/coreml-activation.ts'
import { coremlRefusal } from '../../graph/finalize/coreml-form.ts'
import { storedQParams } from '../../graph/finalize/host-qparams.ts'
import { type Judge, type JudgedTensor, refuseTensors } from '../../graph/finalize/refusals.ts'
import {
  COREML_VERSION,
  coreaiWeightData,
  coremlMetadata,
  quantizedValues,
} from '../../graph/finalize/weight-data.ts'
import type { FinalizeOptions } from '../../quantizer-options.ts'
import { parametrizationAt, unparametrize } from '../parametrization.ts'
import { forgetPlaced, type PlacedModel, type QuantizedState } from '../placed-model.ts'
import type { TensorQuantizer } from '../quantized-calls.ts'
import { CoreAIActivation, CoreAIWeight } from './coreai-modules.ts'
import { throughFile } from './weight-files.ts'

/** Changes to a model that can be made, after all that could fail. */
type Changes = (() => void)[]

/**
 * Replaces the fake quantizers of a model by what a backend has for them, in place. All that can fail comes before the first change.
 * @param options `mmapDir` is a folder for quantized weights, new or empty, Core AI only
 * @throws ExportError with every tensor that the backend cannot express; FileError for a folder that cannot be used; the reason of the signal
 */
export async function finalizeEager(
  placed: PlacedModel,
  backend: ExportBackend,
  { mmapDir, signal }: Pick<FinalizeOptions, 'mmapDir' | 'signal'>,
): Promise<void> {
  if (backend === ExportBackend._TORCH) return
  if (backend === ExportBackend.ONNX) {
    throw new ExportError(
      'Cannot finalize for "onnx": expected graph mode, which knows the graph that the file holds, got eager mode\n' +
        'Hint: quantize with ExecutionMode.GRAPH',
      [],
    )
  }
  const isCoreAI = backend === ExportBackend.CoreAI
  judgeAll(placed, backend, isCoreAI ? coreaiRefusal : coremlRefusal)
  const changes = isCoreAI
    ? await coreaiChangesWithFiles(placed, mmapDir, signal)
    : await coremlChanges(placed, signal)
  for (const change of changes) change()
  recorder.flush()
  forgetPlaced(placed.model)
}

function judgeAll({ modules, states }: PlacedModel, backend: ExportBackend, judge: Judge): void {
  const ofCalls = modules.flatMap(({ path, functions }) =>
    quantizersOf(functions).map(
      ({ name, fakeQuantize }): JudgedTensor => ({
        name: joinPath(path, name),
        fakeQuantize,
        isState: false,
        shape: undefined,
      }),
    ),
  )
  const ofStates = states.map(
    (state): JudgedTensor => ({
      name: nameOf(state),
      fakeQuantize: state.fakeQuantize,
      isState: true,
      shape: originalOf(state).shape,
    }),
  )
  refuseTensors([...ofStates, ...ofCalls], backend, judge)
}

/** The changes for Core AI, with the weights in files where asked: all of them, or none when something fails. */
async function coreaiChangesWithFiles(
  placed: PlacedModel,
  mmapDir: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Changes> {
  if (mmapDir === undefined) return coreaiChanges(placed, signal)
  const folder = await AtomicFolder.create(mmapDir)
  try {
    const changes = await coreaiChanges(placed, signal, folder)
    await folder.commit()
    return changes
  } catch (error) {
    await folder.discard()
    throw error
  }
}

async function coreaiChanges(
  placed: PlacedModel,
  signal: AbortSignal | undefined,
  folder?: AtomicFolder,
): Promise<Changes> {
  const changes = await activationChanges(
    placed,
    async (fakeQuantize) => new CoreAIActivation(fakeQuantize, await storedQParams(fakeQuantize)),
  )
  for (const state of placed.states) {
    signal?.throwIfAborted()
    const { fakeQuantize } = state
    const original = originalOf(state)
    const qparams = await storedQParams(fakeQuantize)
    const quantized = coreaiWeightData(await original.array(), qparams, fakeQuantize.spec)
    const kept = folder === undefined ? quantized : await throughFile(folder, nameOf(state), quantized)
    const weight = new CoreAIWeight(kept)
    const nothing = fromValues(original.dtype, [0], [])
    const rest =
      original instanceof Parameter ? new Parameter(nothing, original.requiresGrad) : new Buffer(nothing)
    changes.push(() => {
      for (const slot of state.slots) parametrizationAt(slot)?.replace(rest, weight)
    })
  }
  signal?.throwIfAborted()
  return changes
}

async function coremlChanges(placed: PlacedModel, signal: AbortSignal | undefined): Promise<Changes> {
  const changes = await activationChanges(placed, async (fakeQuantize) => {
    const dtype = fakeQuantize.spec.dtype === 'uint8' ? 'uint8' : 'int8'
    return new CoreMLActivation(await storedQParams(fakeQuantize), dtype)
  })
  for (const state of placed.states) {
    signal?.throwIfAborted()
    const original = originalOf(state)
    const { spec } = state.fakeQuantize
    const qparams = await storedQParams(state.fakeQuantize)
    const values = quantizedValues(await original.array(), qparams, spec)
    const metadata = coremlMetadata(qparams, spec)
    changes.push(() => {
      original.assign(fromHost(values))
      for (const slot of state.slots) unparametrize(slot)
      const [owner] = state.slots
      if (owner === undefined) return
      for (const [key, array] of metadata) addBuffer(owner.module, `_COREML_/${owner.name}/${key}`, array)
    })
  }
  changes.push(() => addBuffer(placed.model, ...COREML_VERSION))
  signal?.throwIfAborted()
  return changes
}

async function activationChanges(
  { modules }: PlacedModel,
  make: (fakeQuantize: FakeQuantize) => Promise<Module>,
): Promise<Changes> {
  const changes: Changes = []
  for (const { module, functions } of modules) {
    for (const { quantizer, name, fakeQuantize } of quantizersOf(functions)) {
      const replacement = await make(fakeQuantize)
      changes.push(() => {
        quantizer.module = replacement
        define(module, name, replacement)
      })
    }
  }
  return changes
}

/** A fake quantizer among those of a module's calls. */
interface PlacedQuantizer {
  readonly name: string
  readonly fakeQuantize: FakeQuantize
  readonly quantizer: TensorQuantizer
}

function quantizersOf(functions: PlacedModel['modules'][number]['functions']): PlacedQuantizer[] {
  return [...functions.values()].flat().flatMap(({ inputs, outputs }) =>
    [...inputs, ...outputs].flatMap((quantizer): PlacedQuantizer[] => {
      const { name, module } = quantizer
      return module instanceof FakeQuantize ? [{ name, fakeQuantize: module, quantizer }] : []
    }),
  )
}

function nameOf({ slots: [slot] }: QuantizedState): string {
  return slot === undefined ? '' : joinPath(slot.path, slot.name)
}

function originalOf({ slots: [slot] }: QuantizedState): Parameter | Buffer {
  const original = slot && parametrizationAt(slot)?.original
  if (original !== undefined) return original
  throw new RangeError(
    `Cannot finalize "${slot?.name}": expected a parametrized state, got none (a bug in lowbit)`,
  )
}

function addBuffer(module: AnyModule, name: string, array: HostArray): void {
  define(module, name, new Buffer(array))
}

function define(module: AnyModule, name: string, value: Buffer | Module): void {
  Object.defineProperty(module, name, { value, writable: true, enumerable: true, configurable: true })
}
