import { arange } from '../../../ops/creation/arange.ts'
import { embedding } from '../../../ops/indexing/embedding.ts'
import { gather as gatherOp } from '../../../ops/indexing/gather.ts'
import { index } from '../../../ops/indexing/index-op.ts'
import { scatter, scatterAdd } from '../../../ops/indexing/index-select.ts'
import { topk } from '../../../ops/reduction/top-k.ts'
import { select } from '../../../ops/shape/slice.ts'
import { type Importer, numberOf } from '../node-call.ts'
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

/** Lookups and counting. */
export const indexing: Readonly<Record<string, Importer>> = {
  Gather: gather,
  GatherElements: gatherElements,
  Range: range,
  ScatterElements: scatterElements,
  TopK: topK,
}
