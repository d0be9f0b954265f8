import { byteLength, HostArray } from '../../tensor/host-array.ts'
import { Buffer, type Parameter } from '../parameter.ts'

/** What an optimizer remembers of one parameter. */
export class Slot {
  /** Steps that were made with a gradient for the parameter, the current one included. */
  step = 0
  /** Tensors of the parameter's shape, by PyTorch's names. */
  readonly buffers: Map<string, Buffer> = new Map()
  readonly #parameter: Parameter

  constructor(parameter: Parameter) {
    this.#parameter = parameter
  }

  /** A tensor of the parameter's shape and dtype that is zero before the first step. */
  buffer(name: string): Buffer {
    const known = this.buffers.get(name)
    if (known !== undefined) return known
    const { dtype, shape } = this.#parameter
    const buffer = new Buffer(new HostArray(dtype, shape, new Uint8Array(byteLength(dtype, shape))))
    this.buffers.set(name, buffer)
    return buffer
  }
}
