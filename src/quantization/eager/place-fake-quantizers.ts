import { StateError } from '../../engine/state-error.ts'
import { type AnyModule, joinPath } from '../../nn/module.ts'
import { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import { makeFakeQuantize } from '../fake-quantize/fake-quantizers.ts'
import type { Logger } from '../logger.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import { parametrize, unparametrize } from './parametrization.ts'
import type { PlacedModel, QuantizedModule, QuantizedState } from './placed-model.ts'
import type { QuantizedCall, TensorQuantizer } from './quantized-calls.ts'
import type { RegisteredModel, RegisteredModule, RegisteredTensor } from './registration.ts'
import { expectAxis, withWeightAxis } from './weight-axes.ts'

/**
 * Puts fake quantizers into a model: as submodules of the modules whose calls they serve, and in front of the states. All of them are made before the
 * model is changed.
 * @throws ConfigError for a spec that cannot be used; StateError for a module that has a property of the name already
 */
export function placeFakeQuantizers(
  model: AnyModule,
  registered: RegisteredModel,
  { quantizesActivations, logger }: { readonly quantizesActivations: boolean; readonly logger: Logger },
): PlacedModel {
  const make = (name: string, spec: QuantizationSpec, target: 'weight' | 'activation') =>
    makeFakeQuantize(spec, target, { logger: { warn: (message) => logger.warn(`${message} (${name})`) } })
  const modules = quantizesActivations
    ? registered.modules.map((module) =>
        quantizedModule(module, (name, spec) => make(name, spec, 'activation')),
      )
    : []
  const states = Array.from(registered.states.resolved(), ({ slots, spec }): QuantizedState => {
    const [{ path, name } = { path: '', name: '' }] = slots
    return { slots, fakeQuantize: make(joinPath(path, name), withWeightAxis(spec, slots), 'weight') }
  })
  for (const { module, functions } of modules) {
    for (const quantizer of quantizersOf(functions.values())) define(module, quantizer)
  }
  for (const { slots, fakeQuantize } of states) for (const slot of slots) parametrize(slot, fakeQuantize)
  return { model, modules, states }
}

/** Takes fake quantizers out of a model again. */
export function removeFakeQuantizers(
  { modules, states }: PlacedModel,
  which: (fakeQuantize: FakeQuantize) => boolean,
): void {
  const goes = ({ module }: TensorQuantizer) => module instanceof FakeQuantize && which(module)
  for (const { module, functions } of modules) {
    for (const call of [...functions.values()].flat()) {
      for (const { name } of [...call.inputs, ...call.outputs].filter(goes))
        Reflect.deleteProperty(module, name)
      call.inputs = call.inputs.filter((quantizer) => !goes(quantizer))
      call.outputs = call.outputs.filter((quantizer) => !goes(quantizer))
    }
  }
  for (const state of states.filter(({ fakeQuantize }) => which(fakeQuantize))) {
    states.splice(states.indexOf(state), 1)
    for (const slot of state.slots) unparametrize(slot)
  }
}

function quantizedModule(
  { path, module, functions }: RegisteredModule,
  make: (name: string, spec: QuantizationSpec) => FakeQuantize,
): QuantizedModule {
  const names = new Set<string>()
  const quantizers = (tensors: readonly RegisteredTensor[]) =>
    tensors.flatMap(({ name, place, spec }): TensorQuantizer[] => {
      if (spec === null) return []
      if (names.has(name) || name in module) throw taken(path, module, name)
      names.add(name)
      expectAxis(spec, joinPath(path, name))
      return [{ name, place, module: make(joinPath(path, name), spec) }]
    })
  const calls = Array.from(functions, ([name, list]): [string, QuantizedCall[]] => [
    name,
    list.map(({ inputs, outputs }) => ({ inputs: quantizers(inputs), outputs: quantizers(outputs) })),
  ])
  return { path, module, functions: new Map(calls) }
}

function* quantizersOf(functions: Iterable<readonly QuantizedCall[]>): Generator<TensorQuantizer> {
  for (const calls of functions) for (const { inputs, outputs } of calls) yield* [...inputs, ...outputs]
}

function define(module: AnyModule, { name, module: value }: TensorQuantizer): void {
  Object.defineProperty(module, name, { value, writable: true, enumerable: true, configurable: true })
}

function taken(path: string, module: AnyModule, name: string): StateError {
  return new StateError(
    `Cannot prepare module "${path}" (${module.constructor.name}): expected no property "${name}", which a fake quantizer needs, got one`,
  )
}
