import type { Value } from '../../../ir/node.ts'
import { abs } from '../../../ops/elementwise/abs.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { pow } from '../../../ops/elementwise/pow.ts'
import { sqrt } from '../../../ops/elementwise/sqrt.ts'
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
} from '../../../ops/pooling/adaptive-avg-pool.ts'
import { avgPool1d, avgPool2d, avgPool3d } from '../../../ops/pooling/avg-pool.ts'
import { maxPool1d, maxPool2d, maxPool3d } from '../../../ops/pooling/max-pool.ts'
import { amax } from '../../../ops/reduction/extremum.ts'
import { sum } from '../../../ops/reduction/sum.ts'
import type { Importer, NodeCall } from '../node-call.ts'
import { isEven, padded, padsOf, perAxis } from './convolution.ts'

const MAX_POOLS = [maxPool1d, maxPool2d, maxPool3d]
const AVG_POOLS = [avgPool1d, avgPool2d, avgPool3d]
const GLOBAL_POOLS = [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d]

const maxPool: Importer = (call) => {
  const kernelSize = call.ints('kernel_shape') ?? call.fail('an attribute "kernel_shape"', 'none')
  const x = call.value(0)
  const op = MAX_POOLS[kernelSize.length - 1]
  const pads = padsOf(call, x.shape.slice(2), kernelSize)
  if (op === undefined || pads === undefined || (call.node.output[1] ?? '') !== '') return undefined
  const isSmall = pads.every((pad, i) => pad * 2 <= (kernelSize[i % kernelSize.length] ?? 1))
  const even = isEven(pads) && isSmall
  return call.emit(op, [even ? x : padded(call, x, pads, Number.NEGATIVE_INFINITY)], {
    kernelSize,
    stride: perAxis(call, 'strides', kernelSize.length),
    padding: even ? pads.slice(0, kernelSize.length) : kernelSize.map(() => 0),
    dilation: perAxis(call, 'dilations', kernelSize.length),
    ceilMode: call.int('ceil_mode', 0) === 1,
  })
}

const averagePool: Importer = (call) => {
  const kernelSize = call.ints('kernel_shape') ?? call.fail('an attribute "kernel_shape"', 'none')
  const x = call.value(0)
  const op = AVG_POOLS[kernelSize.length - 1]
  const pads = padsOf(call, x.shape.slice(2), kernelSize)
  const countIncludePad = call.int('count_include_pad', 0) === 1
  const isDilated = call.ints('dilations')?.some((step) => step !== 1) ?? false
  if (op === undefined || pads === undefined || isDilated) return undefined
  const even = isEven(pads) && pads.every((pad, i) => pad * 2 <= (kernelSize[i % kernelSize.length] ?? 1))
  if (!even && !countIncludePad) return undefined
  return call.emit(op, [even ? x : padded(call, x, pads, 0)], {
    kernelSize,
    stride: perAxis(call, 'strides', kernelSize.length),
    padding: even ? pads.slice(0, kernelSize.length) : kernelSize.map(() => 0),
    ceilMode: call.int('ceil_mode', 0) === 1,
    countIncludePad,
  })
}

const globalAverage: Importer = (call) => {
  const x = call.value(0)
  const spatial = x.shape.length - 2
  const op = GLOBAL_POOLS[spatial - 1]
  return op && call.emit(op, [x], { outputSize: new Array<number>(spatial).fill(1) })
}

const globalMax: Importer = (call) => {
  const x = call.value(0)
  return call.emit(amax, [x], { dim: x.shape.slice(2).map((_, i) => i + 2), keepdim: true })
}

/** The p-norm of each window: of powers their mean, times how many there are. */
const normPool: Importer = (call) => {
  const kernelSize = call.ints('kernel_shape') ?? call.fail('an attribute "kernel_shape"', 'none')
  const x = call.value(0)
  const op = AVG_POOLS[kernelSize.length - 1]
  const pads = padsOf(call, x.shape.slice(2), kernelSize)
  const isDilated = call.ints('dilations')?.some((step) => step !== 1) ?? false
  if (op === undefined || pads === undefined || isDilated || call.int('ceil_mode', 0) === 1) return undefined
  const means = call.emit(op, [padded(call, powers(call, x), pads, 0)], {
    kernelSize,
    stride: perAxis(call, 'strides', kernelSize.length),
    padding: kernelSize.map(() => 0),
    ceilMode: false,
    countIncludePad: true,
  })
  const count = kernelSize.reduce((product, size) => product * size, 1)
  return root(call, call.emit(mul, [means], { other: count }))
}

const globalNorm: Importer = (call) => {
  const x = call.value(0)
  const dim = x.shape.slice(2).map((_, i) => i + 2)
  return root(call, call.emit(sum, [powers(call, x)], { dim, keepdim: true }))
}

function powers(call: NodeCall, x: Value): Value {
  const p = call.int('p', 2)
  if (p === 2) return call.emit(mul, [x, x], {})
  const size = call.emit(abs, [x], {})
  return p === 1 ? size : call.emit(pow, [size], { exponent: p })
}

function root(call: NodeCall, sum: Value): Value {
  const p = call.int('p', 2)
  if (p === 2) return call.emit(sqrt, [sum], {})
  return p === 1 ? sum : call.emit(pow, [sum], { exponent: 1 / p })
}

/** Pools. */
export const pooling: Readonly<Record<string, Importer>> = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  GlobalLpPool: globalNorm,
  GlobalMaxPool: globalMax,
  LpPool: normPool,
  MaxPool: maxPool,
}
