import type { Tensor } from '../../engine/tensor.ts'
import { type AnyModule, joinPath, Module } from '../../nn/module.ts'
import type { Buffer, Parameter } from '../../nn/parameter.ts'
import type { StateSpecs } from '../config/tensor-specs.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'
import type { ModuleSettings, SettingsTable } from './module-settings.ts'

/** A property of a module that holds a state. A tied weight stands in several. */
export interface StateSlot {
  readonly module: AnyModule
  /** First path of the module. */
  readonly path: string
  /** Name of the property: `weight`. */
  readonly name: string
}

/** What is known about the spec of one state. */
interface Resolution {
  readonly spec: QuantizationSpec | null | undefined
  readonly priority: number
  /** Given for the state of a module, not for an operation: nothing replaces it. */
  readonly isFinal: boolean
}

/** Settles the specs of a model's states, from the modules that own them and from the calls that read them. */
export class StateSpecTable {
  readonly #slots = new Map<Tensor, StateSlot[]>()
  readonly #resolutions = new Map<Tensor, Resolution>()
  readonly #settings: SettingsTable

  constructor(model: AnyModule, settings: SettingsTable) {
    this.#settings = settings
    for (const [path, module] of model.namedModules()) {
      for (const [name, member] of module.members()) {
        if (member instanceof Module) continue
        const slots = this.#slots.get(member)
        if (slots === undefined) this.#slots.set(member, [{ module, path, name }])
        else slots.push({ module, path, name })
      }
    }
  }

  /** Whether a tensor is a state of the model. */
  has(tensor: Tensor): tensor is Parameter | Buffer {
    return this.#slots.has(tensor)
  }

  /** First path of a state; undefined for other tensors. */
  nameOf(tensor: Tensor): string | undefined {
    const [slot] = this.#slots.get(tensor) ?? []
    return slot && joinPath(slot.path, slot.name)
  }

  /**
   * A call reads a state. What an owner says about the state holds for good; else what the operation of the strongest module says, of equally strong ones
   * the latest.
   */
  read(state: Tensor, specs: StateSpecs, reader: ModuleSettings): void {
    const known = this.#resolutions.get(state)
    if (known?.isFinal) return
    const owned = known === undefined ? this.#ownersSpec(state) : undefined
    if (owned !== undefined) {
      this.#resolutions.set(state, { spec: owned, priority: 0, isFinal: true })
      return
    }
    if (known !== undefined && reader.priority > known.priority) return
    const spec = lastOf(specs, this.#names(state))
    this.#resolutions.set(state, { spec, priority: reader.priority, isFinal: false })
  }

  /** States that are to be quantized, with every place where they stand. */
  *resolved(): Generator<{ readonly slots: readonly StateSlot[]; readonly spec: QuantizationSpec }> {
    for (const [state, slots] of this.#slots) {
      const spec = this.#resolutions.get(state)?.spec
      if (spec) yield { slots, spec }
    }
  }

  #ownersSpec(state: Tensor): QuantizationSpec | null | undefined {
    const owners = (this.#slots.get(state) ?? []).flatMap(({ path }) => this.#settings.at(path) ?? [])
    for (const { config } of owners.sort((a, b) => a.priority - b.priority)) {
      const spec = lastOf(config.moduleStateSpec, this.#names(state))
      if (spec !== undefined) return spec
    }
    return undefined
  }

  #names(state: Tensor): ReadonlySet<string> {
    return new Set((this.#slots.get(state) ?? []).map(({ name }) => name))
  }
}

/** The spec under the last declared of several names, else the one for all others. */
function lastOf(specs: StateSpecs, names: ReadonlySet<string>): QuantizationSpec | null | undefined {
  const named = [...specs].findLast(([key]) => names.has(key))
  return named === undefined ? specs.get('*') : named[1]
}
