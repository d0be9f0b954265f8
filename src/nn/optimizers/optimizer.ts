import { noGrad, recorder } from '../../engine/recorder.ts'
import { StateError } from '../../engine/state-error.ts'
import { composite, type Tensor } from '../../engine/tensor.ts'
import type { Parameter } from '../parameter.ts'
import { type OptimizerState, readState, writeState } from './optimizer-state.ts'
import { makeGroups, type ParameterGroup, type ParameterGroups } from './parameter-groups.ts'
import { Scalars } from './scalars.ts'
import { Slot } from './slot.ts'
import { isSpent, spentGradient } from './spent-gradient.ts'

/** What every optimizer has. */
export interface LearningRate {
  /** Learning rate. */
  readonly lr: number
}

/** One parameter's part of a step. */
export interface Update<O> {
  readonly parameter: Parameter
  readonly gradient: Tensor
  readonly options: O
  /** What the optimizer remembers of the parameter. */
  readonly slot: Slot
  /** A number that differs from step to step, as a tensor of rank 0: an attribute would make each step a graph of its own. */
  scalar(name: string, value: number): Tensor
}

/**
 * Changes parameters by their gradients. `step` makes the update part of the graph that holds forward and backward, and dispatches it as
 * one; it uses the gradients up.
 *
 * @typeParam O what can be set for each group of parameters
 */
export abstract class Optimizer<O extends LearningRate> {
  /** Groups of parameters with their options, in the order in which they were given. */
  readonly groups: readonly ParameterGroup<O>[]
  readonly #slots = new Map<Parameter, Slot>()
  readonly #scalars = new Scalars()

  /** @throws RangeError when there is no parameter, or one is in two groups */
  constructor(parameters: ParameterGroups<O>, defaults: O) {
    this.groups = makeGroups(this.constructor.name, parameters, defaults)
  }

  /** Records the update of one parameter. */
  protected abstract update(update: Update<O>): void

  /** The learning rate; of several groups, that of the first. Setting it sets it for all groups. */
  get lr(): number {
    return this.groups[0]?.options.lr ?? Number.NaN
  }

  /** Sets the rate of every group. */
  set lr(lr: number) {
    for (const group of this.groups) group.options = { ...group.options, lr }
  }

  /** Forgets the gradients, so that the next `backward` starts anew. */
  zeroGrad(): void {
    for (const { parameters } of this.groups) for (const parameter of parameters) parameter.grad = null
  }

  /**
   * Updates every parameter that has a gradient, and dispatches what is recorded.
   * @throws StateError when the gradients are those of an earlier step
   */
  step(): void {
    const updated = new Set<Parameter>()
    noGrad(() => composite(() => this.#record(updated)))
    recorder.flush(updated)
    for (const parameter of updated) parameter.grad = spentGradient(parameter)
  }

  /** What the optimizer remembers, for a later `loadStateDict`. Waits for the steps that were made. */
  stateDict(): Promise<OptimizerState<O>> {
    return readState(this.groups, this.#slots)
  }

  /**
   * Goes on where the optimizer that gave the state was.
   * @throws RangeError when the groups differ, ShapeError when a tensor's shape does
   */
  loadStateDict(state: OptimizerState<O>): void {
    writeState(this.constructor.name, state, this.groups, this.#slots)
  }

  #record(updated: Set<Parameter>): void {
    this.#scalars.begin()
    for (const [index, { parameters, options }] of this.groups.entries()) {
      for (const parameter of parameters) {
        const gradient = parameter.grad
        if (gradient === null) continue
        if (isSpent(gradient)) throw spentTwice()
        const slot = this.#slotOf(parameter)
        slot.step++
        const scalar = (name: string, value: number) => this.#scalars.get(`${index}.${name}`, value)
        this.update({ parameter, gradient, options, slot, scalar })
        updated.add(parameter)
      }
    }
  }

  #slotOf(parameter: Parameter): Slot {
    const known = this.#slots.get(parameter)
    if (known !== undefined) return known
    const slot = new Slot(parameter)
    this.#slots.set(parameter, slot)
    return slot
  }
}

function spentTwice(): StateError {
  return new StateError(
    'Cannot make a step: expected gradients of a new backward(), got those that the last step() used up\n' +
      'Hint: call zeroGrad() before backward()',
  )
}
