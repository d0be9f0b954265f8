import { StateError } from '../../engine/state-error.ts'
import type { AnyModule } from '../../nn/module.ts'
import type { FakeQuantize } from '../fake-quantize/fake-quantize.ts'

/** A tensor that goes into a recorded call, or comes out of it. */
export interface RecordedTensor {
  /** Name that its fake quantizer has in the module, or would have: `add_1_quantize_other`, `linear_quantize_output_0`. */
  readonly fakeQuantizer: string
  /** Whether the settings of the operation ask for one. Specs of module boundaries come after that: `registered` has the outcome. */
  readonly isSpecified: boolean
  /** Equal numbers are the same tensor in the same state. */
  readonly tensor: number
}

/** A call of a function that was recorded when the model was prepared. */
export interface RecordedCall {
  /** Path of the module whose forward made the call; '' for the model itself. */
  readonly module: string
  /** Base name of the function: `linear`, `add`, `add_`. */
  readonly function: string
  /** How many calls of the function the module made before. */
  readonly count: number
  /** Name as `op_name_config` knows it: `block.l1.linear`, `add_1`. */
  readonly name: string
  /** Type as `op_type_config` knows it, null for a function that only specs of module boundaries quantize. */
  readonly type: string | null
  /** Tensors that can be quantized, in the order of the arguments; states (weights, biases) are not among them. */
  readonly inputs: readonly RecordedTensor[]
  readonly outputs: readonly RecordedTensor[]
}

/** Names of the fake quantizers that one call of a function applies: submodules of the module that makes the call. */
export interface RegisteredCall {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** A fake quantizer of a model that is prepared in eager mode, in one of its places. */
export interface EagerFakeQuantizer {
  /** Full path: `l1.linear_quantize_input`, `l1.parametrizations.weight.0`. One object has several in the case of a tied weight. */
  readonly path: string
  readonly fakeQuantize: FakeQuantize
  /** What it quantizes: a tensor that a call reads or makes, or a state. */
  readonly role: 'activation' | 'state'
  /** Path of the module that has it: the one that makes the call, or that owns the state. */
  readonly module: string
  /** Name in the module: of the fake quantizer for an activation, of the state for a state. */
  readonly name: string
}

/** What `prepare` did to a model in eager mode. */
export interface EagerInspection {
  /** Every call that could be quantized, in order; a module that is called again is recorded once. */
  readonly calls: readonly RecordedCall[]
  /** Path of a module -> base name of a function -> its calls, in order, with the fake quantizers in force. Empty for a model with weights only. */
  readonly registered: ReadonlyMap<string, ReadonlyMap<string, readonly RegisteredCall[]>>
  /** In the order of a walk over the modules. */
  readonly fakeQuantizers: readonly EagerFakeQuantizer[]
  /** Whether calls are watched at all: false where only weights are quantized. */
  readonly quantizesActivations: boolean
}

const inspections = new WeakMap<AnyModule, () => EagerInspection>()

/** Says what there is to know of a prepared model. */
export function publishInspection(model: AnyModule, inspect: () => EagerInspection): void {
  inspections.set(model, inspect)
}

/**
 * What `prepare` did to a model in eager mode: which calls it recorded, and which fake quantizers they and the states got.
 * @throws StateError for a model that is not prepared in eager mode
 */
export function inspectEager(model: AnyModule): EagerInspection {
  const inspect = inspections.get(model)
  if (inspect !== undefined) return inspect()
  throw new StateError(
    `Cannot inspect "${model.constructor.name}": expected a model that is prepared in eager mode, got one that is not`,
  )
}
