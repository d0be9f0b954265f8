import { storageOf } from '../../engine/placement.ts'
import { StateError } from '../../engine/state-error.ts'
import { fromHost, type Tensor } from '../../engine/tensor.ts'
import { Buffer } from '../../nn/parameter.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import type { Shape } from '../../tensor/shape.ts'

/** A switch that is part of the state dict and that recording has to know: its value is on the host. */
export class Flag extends Buffer {
  #isOn: boolean
  readonly #shape: Shape

  constructor(isOn: boolean, dtype: DType, shape: Shape) {
    super(fromValues(dtype, shape, [isOn ? 1 : 0]))
    this.#isOn = isOn
    this.#shape = shape
  }

  /** Whether the switch is on. */
  get isOn(): boolean {
    return this.#isOn
  }

  /** Takes effect in what is recorded from now on. */
  set isOn(isOn: boolean) {
    if (isOn !== this.#isOn) this.assign(fromHost(fromValues(this.dtype, this.#shape, [isOn ? 1 : 0])))
  }

  /** @throws StateError for content that is not on the host: what a run computes is known too late */
  override assign(content: Tensor): void {
    const host = storageOf(content.value)?.host
    if (host === undefined)
      throw new StateError(
        'Cannot set a flag: expected a value that is known when recording, got one that is computed',
      )
    this.rebase(content.value)
    this.#isOn = host.bytes[0] !== 0
  }
}
