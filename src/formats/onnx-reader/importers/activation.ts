import { type Dim, mulDims } from '../../../ir/dim.ts'
import type { Value } from '../../../ir/node.ts'
import type { Operation } from '../../../ir/operation.ts'
import { celu, elu, selu } from '../../../ops/activation/elu.ts'
import { prelu, threshold } from '../../../ops/activation/gated.ts'
import { gelu } from '../../../ops/activation/gelu.ts'
import { hardsigmoid } from '../../../ops/activation/hardsigmoid.ts'
import { hardswish } from '../../../ops/activation/hardswish.ts'
import { leakyRelu } from '../../../ops/activation/leaky-relu.ts'
import { mish } from '../../../ops/activation/mish.ts'
import { relu } from '../../../ops/activation/relu.ts'
import { sigmoid } from '../../../ops/activation/sigmoid.ts'
import { silu } from '../../../ops/activation/silu.ts'
import { logSoftmax, softmax } from '../../../ops/activation/softmax.ts'
import { softplus } from '../../../ops/activation/softplus.ts'
import { tanh } from '../../../ops/activation/tanh.ts'
import { arange } from '../../../ops/creation/arange.ts'
import { abs, sign } from '../../../ops/elementwise/abs.ts'
import { add, sub } from '../../../ops/elementwise/add.ts'
import { eq, gt } from '../../../ops/elementwise/comparison.ts'
import { div } from '../../../ops/elementwise/div.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { to } from '../../../ops/elementwise/to.ts'
import { where } from '../../../ops/elementwise/where.ts'
import { argmax } from '../../../ops/reduction/arg-extremum.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import { hardSigmoid } from '../hard-sigmoid.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import { COERCED } from '../upgrade/coerced.ts'
import { unary } from './elementwise.ts'

/** Before opset 13 everything from the axis on is one dimension. */
function overAxis(along: (call: NodeCall, x: Value, dim: number) => Value): Importer {
  return (call) => {
    const x = call.value(0)
    const rank = x.shape.length
    const axis = (call.int('axis', -1) + rank) % Math.max(rank, 1)
    if (call.int(COERCED, 0) === 0 || axis === rank - 1) return along(call, x, axis)
    const rows = [x.shape.slice(0, axis), x.shape.slice(axis)].map((part) => part.reduce(mulDims, 1))
    const flat = call.emit(reshape, [x], { shape: rows })
    return call.emit(reshape, [along(call, flat, 1)], { shape: x.shape })
  }
}

function normalized(op: Operation<{ readonly dim: number }>): Importer {
  return overAxis((call, x, dim) => call.emit(op, [x], { dim }))
}

/** 1 at the first largest element, 0 elsewhere. */
const hardmax = overAxis((call, x, dim) => {
  const largest = call.emit(argmax, [x], { dim, keepdim: true })
  const end = x.shape[dim] ?? 1
  const places = call.emit(arange, [], { start: 0, end, step: 1, dtype: 'int64' })
  const shape = x.shape.map((_, i) => (i === dim ? end : 1))
  const isLargest = call.emit(eq, [largest, call.emit(reshape, [places], { shape })], {})
  return call.emit(to, [isLargest], { dtype: x.dtype })
})

const hardSigmoidOf: Importer = (call) => {
  const [alpha, beta] = [call.float('alpha', 0.2), call.float('beta', 0.5)]
  if (Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5) return call.emit(hardsigmoid, [call.value(0)], {})
  return alpha > 0 ? call.emit(hardSigmoid, [call.value(0)], { alpha, beta }) : undefined
}

const eluOf: Importer = (call) =>
  call.emit(elu, [call.value(0)], { alpha: call.float('alpha', 1), scale: 1, inputScale: 1 })

/** x times a slope where it is below 0: one for each channel, as PyTorch has it, or of any shape that broadcasts. */
const preluOf: Importer = (call) => {
  const x = call.value(0)
  const { shape } = call.input(1)
  const count = shape.reduce<Dim>(mulDims, 1)
  const isVector = shape.every((size, i) => size === 1 || shape.length - i === x.shape.length - 1)
  const slope = call.state(1, 'weight')
  if (isVector && x.shape.length > 1)
    return call.emit(prelu, [x, call.emit(reshape, [slope], { shape: [count] })], {})
  const isPositive = call.emit(gt, [x], { other: 0 })
  return call.emit(where, [isPositive, x, call.emit(mul, [x, slope], {})], {})
}

const seluOf: Importer = (call) => {
  const [alpha, scale] = [call.float('alpha', ALPHA), call.float('gamma', GAMMA)]
  const isUsual = Math.abs(alpha - ALPHA) < 1e-5 && Math.abs(scale - GAMMA) < 1e-5
  const x = call.value(0)
  return isUsual ? call.emit(selu, [x], {}) : call.emit(elu, [x], { alpha, scale, inputScale: 1 })
}

/** The numbers of SELU. */
const ALPHA = 1.6732632
const GAMMA = 1.050701

const softsign: Importer = (call) => {
  const x = call.value(0)
  const size = call.emit(add, [call.emit(abs, [x], {})], { other: 1, alpha: 1 })
  return call.emit(div, [x, size], { roundingMode: null })
}

/** Towards 0 by a number, and 0 where that would pass it. */
const shrink: Importer = (call) => {
  const x = call.value(0)
  const [limit, bias] = [call.float('lambd', 0.5), call.float('bias', 0)]
  const isFar = call.emit(gt, [call.emit(abs, [x], {})], { other: limit })
  const nearer = call.emit(sub, [x, call.emit(mul, [call.emit(sign, [x], {})], { other: bias })], {
    alpha: 1,
  })
  return call.emit(mul, [nearer, call.emit(to, [isFar], { dtype: x.dtype })], {})
}

/** x times the sigmoid of x times a number. */
const quickGelu: Importer = (call) => {
  const x = call.value(0)
  const scaled = call.emit(mul, [x], { other: call.float('alpha', 1.702) })
  return call.emit(mul, [x, call.emit(sigmoid, [scaled], {})], {})
}

/** Operators of ONNX Runtime's own: GELU with a bias that is added before, and one by a tangent. */
function fusedGelu(approximate: 'none' | 'tanh'): Importer {
  return (call) => {
    const x = call.value(0)
    const bias = call.optionalState(1, 'bias')
    const sum = bias === null ? x : call.emit(add, [x, bias], { alpha: 1 })
    return call.emit(gelu, [sum], { approximate })
  }
}

/** Functions between layers. */
export const activation: Readonly<Record<string, Importer>> = {
  Celu: (call) => call.emit(celu, [call.value(0)], { alpha: call.float('alpha', 1) }),
  Elu: eluOf,
  Gelu: (call) => {
    const approximate = call.text('approximate', 'none') === 'tanh' ? ('tanh' as const) : ('none' as const)
    return call.emit(gelu, [call.value(0)], { approximate })
  },
  Hardmax: hardmax,
  HardSigmoid: hardSigmoidOf,
  HardSwish: unary(hardswish),
  LeakyRelu: (call) => call.emit(leakyRelu, [call.value(0)], { negativeSlope: call.float('alpha', 0.01) }),
  LogSoftmax: normalized(logSoftmax),
  Mish: unary(mish),
  Relu: unary(relu),
  PRelu: preluOf,
  Selu: seluOf,
  Shrink: shrink,
  Sigmoid: unary(sigmoid),
  Softmax: normalized(softmax),
  Softsign: softsign,
  Swish: (call) => (call.float('alpha', 1) === 1 ? call.emit(silu, [call.value(0)], {}) : undefined),
  ThresholdedRelu: (call) =>
    call.emit(threshold, [call.value(0)], { threshold: call.float('alpha', 1), value: 0 }),
  'com.microsoft.BiasGelu': fusedGelu('none'),
  'com.microsoft.FastGelu': fusedGelu('tanh'),
  'com.microsoft.Gelu': fusedGelu('none'),
  'com.microsoft.QuickGelu': quickGelu,
  Softplus: (call) => call.emit(softplus, [call.value(0)], { beta: 1, threshold: 20 }),
  Tanh: unary(tanh),
}
