import type { ObserverReport } from './reports.ts'

/** An observer in a few words: `int8 symmetric per_channel(0)`. */
export function describeObserver({ spec }: ObserverReport): string {
  const { granularity } = spec
  const axis = granularity.type === 'per_tensor' || granularity.axis === null ? '' : `(${granularity.axis})`
  const range = spec.reduceRange ? ' reduced' : ''
  return `${spec.dtype}${range} ${spec.qscheme} ${granularity.type}${axis}`
}
