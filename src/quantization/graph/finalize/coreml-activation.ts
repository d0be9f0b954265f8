import { record, type Tensor } from '../../../engine/tensor.ts'
import { Module } from '../../../nn/module.ts'
import { Buffer } from '../../../nn/parameter.ts'
import { coreaiDequantize, coreaiQuantize } from '../../../ops/quantization/coreai-activation.ts'
import { castArray } from '../../../tensor/cast-array.ts'
import type { DType } from '../../../tensor/dtype.ts'
import { fromValues } from '../../../tensor/from-values.ts'
import { sizeOf } from '../../../tensor/shape.ts'
import type { StoredQParams } from './host-qparams.ts'

/** Core ML's quantize of a whole tensor: clip(round(x / scale) + zero point). */
export class CoreMLQuantize extends Module {
  readonly dtype: 'int8' | 'uint8'
  readonly scale: Buffer
  readonly zero_point: Buffer

  /** @param qparams one value each */
  constructor({ scale, zeroPoint }: StoredQParams, dtype: 'int8' | 'uint8') {
    super()
    this.dtype = dtype
    Object.defineProperty(this, 'dtype', { enumerable: false })
    this.scale = new Buffer(scale)
    const zeros = fromValues(dtype, scale.shape, new Array<number>(sizeOf(scale.shape)).fill(0))
    this.zero_point = new Buffer(zeroPoint ? castArray(zeroPoint, dtype) : zeros)
  }

  override forward(x: Tensor): Tensor {
    const { dtype, scale, zero_point } = this
    return record(coreaiQuantize, [x, scale.reshape([]), zero_point.reshape([])], {
      outputDtype: dtype,
      axis: null,
    })
  }
}

/** Core ML's inverse of `CoreMLQuantize`, with its scale and zero point. */
export class CoreMLDequantize extends Module<[Tensor, DType], Tensor> {
  readonly #quantize: CoreMLQuantize

  constructor(quantize: CoreMLQuantize) {
    super()
    this.#quantize = quantize
  }

  override forward(q: Tensor, outputDtype: DType): Tensor {
    const { dtype, scale, zero_point } = this.#quantize
    return record(coreaiDequantize, [q, scale.reshape([]), zero_point.reshape([])], {
      inputDtype: dtype,
      outputDtype,
      axis: null,
    })
  }
}

/** An activation that passes through a quantize and a dequantize of one scale, as Core ML knows them. */
export class CoreMLActivation extends Module {
  readonly quantize: CoreMLQuantize
  readonly dequantize: CoreMLDequantize

  /** @param qparams one value each */
  constructor(qparams: StoredQParams, dtype: 'int8' | 'uint8') {
    super()
    this.quantize = new CoreMLQuantize(qparams, dtype)
    this.dequantize = new CoreMLDequantize(this.quantize)
  }

  override forward(x: Tensor): Tensor {
    return this.dequantize(this.quantize(x), x.dtype)
  }
}
