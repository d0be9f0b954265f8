import { type AnyModule, joinPath } from '../../nn/module.ts'
import { FakeQuantize } from '../fake-quantize/fake-quantize.ts'
import type { EagerFakeQuantizer, RegisteredCall } from './inspection.ts'
import { ParametrizationList } from './parametrization.ts'
import type { QuantizedCall } from './quantized-calls.ts'
import type { StateSlot } from './state-specs.ts'

/** A module whose calls are quantized. */
export interface QuantizedModule {
  readonly path: string
  readonly module: AnyModule
  /** Calls of functions by base name. */
  readonly functions: ReadonlyMap<string, readonly QuantizedCall[]>
}

/** A state that is quantized, with every place where it stands. */
export interface QuantizedState {
  readonly fakeQuantize: FakeQuantize
  readonly slots: readonly StateSlot[]
}

/** Fake quantizers in the places where a model has them. */
export interface PlacedModel {
  readonly model: AnyModule
  readonly modules: readonly QuantizedModule[]
  readonly states: QuantizedState[]
}

/** Every fake quantizer under each of its paths, in the order of a walk. */
export function* fakeQuantizersIn(model: AnyModule): Generator<EagerFakeQuantizer> {
  for (const [module, owner] of model.namedModules({ aliases: true })) {
    for (const [name, member] of owner.members()) {
      if (!(Object(member) instanceof FakeQuantize)) continue
      const fakeQuantize: FakeQuantize = Object(member)
      const path = joinPath(module, name)
      if (!(owner instanceof ParametrizationList)) {
        yield { path, fakeQuantize, role: 'activation', module, name }
        continue
      }
      const [, holder = '', state = ''] = /^(?:(.*)\.)?parametrizations\.([^.]*)$/.exec(module) ?? []
      yield { path, fakeQuantize, role: 'state', module: holder, name: state }
    }
  }
}

/** The table of registered calls, by names. */
export function registeredCalls(
  modules: readonly QuantizedModule[],
): ReadonlyMap<string, ReadonlyMap<string, readonly RegisteredCall[]>> {
  const names = (quantizers: readonly { readonly name: string }[]) => quantizers.map(({ name }) => name)
  return new Map(
    modules.map(({ path, functions }) => [
      path,
      new Map(
        Array.from(functions, ([name, calls]) => [
          name,
          calls.map(({ inputs, outputs }) => ({ inputs: names(inputs), outputs: names(outputs) })),
        ]),
      ),
    ]),
  )
}
