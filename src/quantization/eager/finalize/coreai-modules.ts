import { record, type Tensor } from '../../../engine/tensor.ts'
import { Module } from '../../../nn/module.ts'
import { Buffer } from '../../../nn/parameter.ts'
import {
  type CoreAIDequantizeAttributes,
  type CoreAIQuantizeAttributes,
  coreaiDequantize,
  coreaiQuantize,
} from '../../../ops/quantization/coreai-activation.ts'
import {
  type BlockwiseShiftScaleAttributes,
  constexprBlockwiseShiftScale,
} from '../../../ops/quantization/coreai-weight.ts'
import { castArray } from '../../../tensor/cast-array.ts'
import type { FakeQuantize } from '../../fake-quantize/fake-quantize.ts'
import { type StoredQParams, squeezedQParams } from '../../graph/finalize/host-qparams.ts'
import type { CoreAIWeightData } from '../../graph/finalize/weight-data.ts'
import { isQuantizedFloat } from '../../spec/dtypes.ts'

/** Scale, and zero point or minval, as buffers of a module of their own. */
abstract class WithQParams<I extends readonly unknown[]> extends Module<I, Tensor> {
  readonly scale: Buffer
  readonly zero_point: Buffer | null
  readonly minval: Buffer | null

  constructor({
    scale,
    zeroPoint = null,
    minval = null,
  }: Pick<CoreAIWeightData, 'scale' | 'zeroPoint' | 'minval'>) {
    super()
    this.scale = new Buffer(scale)
    this.zero_point = zeroPoint && new Buffer(zeroPoint)
    this.minval = minval && new Buffer(minval)
  }

  /** Inputs of an operation on `x`, without those that are absent at the end. */
  protected inputs(x: Tensor): (Tensor | null)[] {
    const inputs = [x, this.scale, this.zero_point, this.minval]
    while (inputs.at(-1) === null) inputs.pop()
    return inputs
  }
}

/** Core AI's quantization of an activation, as a module. */
export class CoreAIQuantize extends WithQParams<[Tensor]> {
  readonly #attributes: CoreAIQuantizeAttributes

  constructor(
    qparams: Pick<CoreAIWeightData, 'scale' | 'zeroPoint' | 'minval'>,
    attributes: CoreAIQuantizeAttributes,
  ) {
    super(qparams)
    this.#attributes = attributes
  }

  override forward(x: Tensor): Tensor {
    return record(coreaiQuantize, this.inputs(x), this.#attributes)
  }
}

/** The inverse of `CoreAIQuantize`, with scales of its own. */
export class CoreAIDequantize extends WithQParams<[Tensor, Tensor]> {
  readonly #attributes: Omit<CoreAIDequantizeAttributes, 'outputDtype'>

  constructor(
    qparams: Pick<CoreAIWeightData, 'scale' | 'zeroPoint' | 'minval'>,
    attributes: Omit<CoreAIDequantizeAttributes, 'outputDtype'>,
  ) {
    super(qparams)
    this.#attributes = attributes
  }

  /** @param like what was quantized: the result has its dtype */
  override forward(q: Tensor, like: Tensor): Tensor {
    return record(coreaiDequantize, this.inputs(q), { ...this.#attributes, outputDtype: like.dtype })
  }
}

/** What takes the place of an activation's fake quantizer: a quantize and a dequantize. */
export class CoreAIActivation extends Module {
  readonly quantize: CoreAIQuantize
  readonly dequantize: CoreAIDequantize

  constructor({ spec, granularity }: FakeQuantize, stored: StoredQParams) {
    super()
    const { axis, scale, zeroPoint, minval } = squeezedQParams(stored, granularity)
    const qparams = { scale, zeroPoint: zeroPoint && castArray(zeroPoint, spec.targetDtype), minval }
    this.quantize = new CoreAIQuantize(qparams, { outputDtype: spec.dtype, axis })
    const inputDtype = isQuantizedFloat(spec.dtype) ? null : spec.dtype
    this.dequantize = new CoreAIDequantize(qparams, { inputDtype, axis })
  }

  override forward(x: Tensor): Tensor {
    return this.dequantize(this.quantize(x), x)
  }
}

/** What takes the place of a weight's fake quantizer: quantized data, and the way back. */
export class CoreAIWeight extends WithQParams<[Tensor]> {
  readonly quantized_data: Buffer
  readonly #attributes: BlockwiseShiftScaleAttributes

  constructor(weight: CoreAIWeightData) {
    super(weight)
    this.quantized_data = new Buffer(weight.data)
    this.#attributes = weight.attributes
  }

  /** @param _original what the float weight has left, which nothing reads */
  override forward(_original: Tensor): Tensor {
    return record(constexprBlockwiseShiftScale, this.inputs(this.quantized_data), this.#attributes)
  }
}
