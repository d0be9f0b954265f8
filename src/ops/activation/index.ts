// Nonlinearities, softmax and dropout. Gradients that plain operations would compute in more passes are operations of their own, `lowbit.*`.
import type { Operation } from '../../ir/operation.ts'
import { dropout, featureDropout } from './dropout.ts'
import { celu, elu, selu } from './elu.ts'
import { eluBackward } from './elu-backward.ts'
import { gelu, geluBackward } from './gelu.ts'
import { hardsigmoid } from './hardsigmoid.ts'
import { hardswish, hardswishBackward } from './hardswish.ts'
import { hardtanh } from './hardtanh.ts'
import { leakyRelu, leakyReluBackward } from './leaky-relu.ts'
import { logSigmoid } from './log-sigmoid.ts'
import { maskInside } from './mask-inside.ts'
import { maskPositive } from './mask-positive.ts'
import { mish, mishBackward } from './mish.ts'
import { relu } from './relu.ts'
import { relu6 } from './relu6.ts'
import { sigmoid } from './sigmoid.ts'
import { silu } from './silu.ts'
import { logSoftmax, softmax } from './softmax.ts'
import { softplus } from './softplus.ts'
import { tanh } from './tanh.ts'

/** Activations and what belongs to them. */
export const activationOperations: readonly Operation[] = [
  ...[relu, relu6, leakyRelu, hardtanh, hardsigmoid, hardswish, maskPositive, maskInside],
  ...[leakyReluBackward, hardswishBackward],
  ...[silu, elu, celu, selu, mish, gelu, sigmoid, logSigmoid, tanh, softplus],
  ...[eluBackward, mishBackward, geluBackward],
  ...[softmax, logSoftmax, dropout, featureDropout],
]
