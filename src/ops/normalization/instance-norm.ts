import { emit } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import { defineComposite } from '../define-composite.ts'
import { valueAt } from '../inference.ts'
import { batchNorm } from './batch-norm.ts'
import { groupNorm } from './group-norm.ts'

type InstanceNormAttributes = {
  readonly useInputStats: boolean
  readonly momentum: number
  readonly eps: number
}

/**
 * Normalization of each channel of each sample of [N, C, ...]; by the running statistics where those of the input are not used. Inputs: x, weight, bias,
 * running mean and variance, all but x possibly null.
 */
export const instanceNorm: Operation<InstanceNormAttributes> = defineComposite({
  name: 'aten.instance_norm',
  compose(inputs, { useInputStats, momentum, eps }) {
    const x = valueAt('aten.instance_norm', inputs, 0)
    const [, weight = null, bias = null, mean = null, spread = null] = inputs
    if (!useInputStats)
      return [emit(batchNorm, [x, weight, bias, mean, spread], { training: false, momentum, eps })]
    const numGroups = x.shape[1]
    if (typeof numGroups === 'number') return [emit(groupNorm, [x, weight, bias], { numGroups, eps })]
    throw new TypeError(
      `Cannot record "aten.instance_norm": expected a known number of channels, got ${numGroups}`,
    )
  },
})
