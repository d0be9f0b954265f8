import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
} from '../../../ops/pooling/adaptive-avg-pool.ts'
import { avgPool1d, avgPool2d, avgPool3d } from '../../../ops/pooling/avg-pool.ts'
import { maxPool1d, maxPool2d, maxPool3d } from '../../../ops/pooling/max-pool.ts'
import { amax } from '../../../ops/reduction/extremum.ts'
import type { Importer } from '../node-call.ts'
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

/** Pools. */
export const pooling: Readonly<Record<string, Importer>> = {
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMax,
  MaxPool: maxPool,
}
