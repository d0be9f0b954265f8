import { mulDims } from '../../../ir/dim.ts'
import type { Operation } from '../../../ir/operation.ts'
import { celu, elu, selu } from '../../../ops/activation/elu.ts'
import { gelu } from '../../../ops/activation/gelu.ts'
import { hardsigmoid } from '../../../ops/activation/hardsigmoid.ts'
import { hardswish } from '../../../ops/activation/hardswish.ts'
import { leakyRelu } from '../../../ops/activation/leaky-relu.ts'
import { mish } from '../../../ops/activation/mish.ts'
import { relu } from '../../../ops/activation/relu.ts'
import { sigmoid } from '../../../ops/activation/sigmoid.ts'
import { logSoftmax, softmax } from '../../../ops/activation/softmax.ts'
import { softplus } from '../../../ops/activation/softplus.ts'
import { tanh } from '../../../ops/activation/tanh.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import { hardSigmoid } from '../hard-sigmoid.ts'
import type { Importer } from '../node-call.ts'
import { COERCED } from '../upgrade/coerced.ts'
import { unary } from './elementwise.ts'

/** Before opset 13 everything from the axis on is one dimension. */
function overAxis(op: Operation<{ readonly dim: number }>): Importer {
  return (call) => {
    const x = call.value(0)
    const rank = x.shape.length
    const axis = (call.int('axis', -1) + rank) % Math.max(rank, 1)
    if (call.int(COERCED, 0) === 0 || axis === rank - 1) return call.emit(op, [x], { dim: axis })
    const rows = [x.shape.slice(0, axis), x.shape.slice(axis)].map((part) => part.reduce(mulDims, 1))
    const flat = call.emit(reshape, [x], { shape: rows })
    return call.emit(reshape, [call.emit(op, [flat], { dim: 1 })], { shape: x.shape })
  }
}

const hardSigmoidOf: Importer = (call) => {
  const [alpha, beta] = [call.float('alpha', 0.2), call.float('beta', 0.5)]
  if (Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5) return call.emit(hardsigmoid, [call.value(0)], {})
  return alpha > 0 ? call.emit(hardSigmoid, [call.value(0)], { alpha, beta }) : undefined
}

const eluOf: Importer = (call) =>
  call.emit(elu, [call.value(0)], { alpha: call.float('alpha', 1), scale: 1, inputScale: 1 })

/** Functions between layers. */
export const activation: Readonly<Record<string, Importer>> = {
  Celu: (call) => call.emit(celu, [call.value(0)], { alpha: call.float('alpha', 1) }),
  Elu: eluOf,
  Gelu: (call) => {
    const approximate = call.text('approximate', 'none') === 'tanh' ? ('tanh' as const) : ('none' as const)
    return call.emit(gelu, [call.value(0)], { approximate })
  },
  HardSigmoid: hardSigmoidOf,
  HardSwish: unary(hardswish),
  LeakyRelu: (call) => call.emit(leakyRelu, [call.value(0)], { negativeSlope: call.float('alpha', 0.01) }),
  LogSoftmax: overAxis(logSoftmax),
  Mish: unary(mish),
  Relu: unary(relu),
  Selu: (call) => (call.has('alpha') || call.has('gamma') ? undefined : call.emit(selu, [call.value(0)], {})),
  Sigmoid: unary(sigmoid),
  Softmax: overAxis(softmax),
  Softplus: (call) => call.emit(softplus, [call.value(0)], { beta: 1, threshold: 20 }),
  Tanh: unary(tanh),
}
