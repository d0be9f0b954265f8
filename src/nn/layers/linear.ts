import type { Tensor } from '../../engine/tensor.ts'
import { linear } from '../functional/linear.ts'
import { fanInBound, uniformValues } from '../initialization.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

/** `x @ weight.T + bias` for x [..., inFeatures]; weight [outFeatures, inFeatures], bias [outFeatures]. */
export class Linear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Parameter
  bias: Parameter | null

  /** @param options `bias`: whether there is one, default true */
  constructor(inFeatures: number, outFeatures: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super()
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    const shape = [outFeatures, inFeatures]
    this.weight = new Parameter(uniformValues(shape, fanInBound(shape)))
    this.bias = bias ? new Parameter(uniformValues([outFeatures], fanInBound(shape))) : null
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }
}
