import type { AnyModule } from '../../nn/module.ts'
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

const placements = new WeakMap<AnyModule, PlacedModel>()

/** Remembers what a model has. */
export function rememberPlaced(placed: PlacedModel): void {
  placements.set(placed.model, placed)
}

/** What a model has, undefined when it is not prepared in eager mode. */
export function placedIn(model: AnyModule): PlacedModel | undefined {
  return placements.get(model)
}

/** The fake quantizers of a model have been replaced. */
export function forgetPlaced(model: AnyModule): void {
  placements.delete(model)
}

/** Every fake quantizer under each of its paths, in the order of a walk. */
export function* fakeQuantizersIn(model: AnyModule): Generator<EagerFakeQuantizer> {
  const owners = new Map<string, AnyModule>()
  for (const [path, fakeQuantize] of model.namedModules({ aliases: true })) {
    owners.set(path, fakeQuantize)
    if (!(fakeQuantize instanceof FakeQuantize)) continue
    const [module, name] = splitPath(path)
    if (!(owners.get(module) instanceof ParametrizationList)) {
      yield { path, fakeQuantize, role: 'activation', module, name }
      continue
    }
    const [lists, state] = splitPath(module)
    yield { path, fakeQuantize, role: 'state', module: splitPath(lists)[0], name: state }
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

/** Path of the owner, and the name there. */
function splitPath(path: string): [owner: string, name: string] {
  const dot = path.lastIndexOf('.')
  return [path.slice(0, Math.max(dot, 0)), path.slice(dot + 1)]
}
