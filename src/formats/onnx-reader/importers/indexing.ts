import { type Dim, isConcrete } from '../../../ir/dim.ts'
import type { Value } from '../../../ir/node.ts'
import { arange } from '../../../ops/creation/arange.ts'
import { add } from '../../../ops/elementwise/add.ts'
import { eq } from '../../../ops/elementwise/comparison.ts'
import { mul } from '../../../ops/elementwise/mul.ts'
import { remainder } from '../../../ops/elementwise/remainder.ts'
import { to } from '../../../ops/elementwise/to.ts'
import { where } from '../../../ops/elementwise/where.ts'
import { embedding } from '../../../ops/indexing/embedding.ts'
import { gather as gatherOp } from '../../../ops/indexing/gather.ts'
import { index } from '../../../ops/indexing/index-op.ts'
import { scatter, scatterAdd } from '../../../ops/indexing/index-select.ts'
import { expand } from '../../../ops/reduction/sum.ts'
import { topk } from '../../../ops/reduction/top-k.ts'
import { reshape } from '../../../ops/shape/reshape.ts'
import { select } from '../../../ops/shape/slice.ts'
import { type Importer, type NodeCall, numberOf } from '../node-call.ts'
import { axisOf } from './shape.ts'

const gather: Importer = (call) => {
  const [data, at] = [call.input(0), call.input(1)]
  const dim = axisOf(call, call.int('axis', 0), data.shape.length)
  if (data.stored !== undefined && data.shape.length === 2 && dim === 0 && data.dtype !== 'int64')
    return call.emit(embedding, [call.state(0, 'weight'), call.valueOf(at)], { paddingIdx: -1 })
  const position = at.shape.length === 0 ? numberOf(at.elements?.[0]) : undefined
  if (position !== undefined) return call.emit(select, [call.valueOf(data)], { dim, index: position })
  const positions = [...new Array<null>(dim).fill(null), call.valueOf(at)]
  return call.emit(index, [call.valueOf(data), ...positions], {})
}

const gatherElements: Importer = (call) => {
  const data = call.value(0)
  return call.emit(gatherOp, [data, call.value(1)], {
    dim: axisOf(call, call.int('axis', 0), data.shape.length),
  })
}

const range: Importer = (call) => {
  const [start, end, step] = [0, 1, 2].map((i) => call.elements(i)?.[0])
  if (start === undefined || end === undefined || typeof step !== 'number') return undefined
  return call.emit(arange, [], { start, end, step, dtype: call.input(0).dtype })
}

/** Elements that are written over, or added to, at the places that GatherElements would read. */
const scatterElements: Importer = (call) => {
  const [data, at, source] = [call.value(0), call.value(1), call.value(2)]
  const dim = axisOf(call, call.int('axis', 0), data.shape.length)
  const reduction = call.text('reduction', 'none')
  if (at.dtype !== 'int64' || (reduction !== 'none' && reduction !== 'add')) return undefined
  return call.emit(reduction === 'add' ? scatterAdd : scatter, [data, at, source], { dim })
}

const topK: Importer = (call) => {
  const x = call.value(0)
  const [k] = call.elements(1) ?? []
  if (k === undefined || x.shape.length === 0) return undefined
  const dim = axisOf(call, call.int('axis', -1), x.shape.length)
  const [largest, sorted] = [call.int('largest', 1) === 1, call.int('sorted', 1) === 1]
  return call.emitAll(topk, [x], { k, dim, largest, sorted })
}

/** Results lie among what is looked up, so that one observer serves both. */
const moving = { ...index, quantization: { sharesObserver: true } }

/** The positions along one dimension after the other: how many a place has is the last size of where they stand. */
function placesOf(call: NodeCall, at: Value): Value[] | undefined {
  const depth = at.shape.at(-1)
  if (typeof depth !== 'number' || at.dtype !== 'int64') return undefined
  const dim = at.shape.length - 1
  return Array.from({ length: depth }, (_, i) => call.emit(select, [at], { dim, index: i }))
}

const gatherNd: Importer = (call) => {
  const at = call.value(1)
  const places = call.int('batch_dims', 0) === 0 ? placesOf(call, at) : undefined
  return places && call.emit(moving, [call.value(0), ...places], {})
}

/** What is written over parts of a tensor, by their places in a list of all parts of that size. */
const scatterNd: Importer = (call) => {
  const [data, at, source] = [call.value(0), call.value(1), call.value(2)]
  const places = placesOf(call, at)
  const reduction = call.text('reduction', 'none')
  const op = reduction === 'none' ? scatter : reduction === 'add' ? scatterAdd : undefined
  const { shape } = data
  if (places === undefined || op === undefined || !isConcrete(shape) || !isConcrete(at.shape))
    return undefined
  const count = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 1)
  const [listed, part] = [shape.slice(0, places.length), count(shape.slice(places.length))]
  const rows = places.reduce<Value | undefined>((sum, place, i) => {
    // Places below 0 count from the end.
    const positive = call.emit(remainder, [place], { other: listed[i] ?? 1 })
    const scaled = call.emit(mul, [positive], { other: count(listed.slice(i + 1)) })
    return sum === undefined ? scaled : call.emit(add, [sum, scaled], { alpha: 1 })
  }, undefined)
  if (rows === undefined) return undefined
  const many = count(at.shape.slice(0, -1))
  const column = call.emit(reshape, [rows], { shape: [many, 1] })
  const written = call.emit(
    op,
    [
      call.emit(reshape, [data], { shape: [count(listed), part] }),
      call.emit(expand, [column], { size: [many, part] }),
      call.emit(reshape, [source], { shape: [many, part] }),
    ],
    { dim: 0 },
  )
  return call.emit(reshape, [written], { shape })
}

/** One of two values, by whether a number is that of the place along the axis; numbers below 0 count from the end, those outside are nowhere. */
const oneHot: Importer = (call) => {
  const [numbers, values] = [call.value(0), call.value(2)]
  const depth = numberOf(call.elements(1)?.[0])
  if (depth === undefined || numbers.shape.length === 0) return undefined
  const rank = numbers.shape.length + 1
  const axis = axisOf(call, call.int('axis', -1), rank)
  const shape: Dim[] = [...numbers.shape.slice(0, axis), 1, ...numbers.shape.slice(axis)]
  const sizes = Array.from({ length: rank }, (_, i) => (i === axis ? depth : 1))
  const whole = numbers.dtype === 'int64' ? numbers : call.emit(to, [numbers], { dtype: 'int64' })
  const spread = call.emit(reshape, [whole], { shape })
  const isAt = (start: number) => {
    const places = call.emit(arange, [], { start, end: start + depth, step: 1, dtype: 'int64' })
    return call.emit(eq, [spread, call.emit(reshape, [places], { shape: sizes })], {})
  }
  const [off, on] = [0, 1].map((i) => call.emit(select, [values], { dim: 0, index: i }))
  if (off === undefined || on === undefined) return undefined
  return call.emit(where, [isAt(0), on, call.emit(where, [isAt(-depth), on, off], {})], {})
}

/** Lookups and counting. */
export const indexing: Readonly<Record<string, Importer>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  OneHot: oneHot,
  Range: range,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  TopK: topK,
}
