import type { Emitter } from '../../ir/emitter.ts'

/** Writes a part of a dimension. */
export function cut(e: Emitter, value: string, axis: number, start: number, end: number): string {
  return e.op('Slice', [value, e.ints([start]), e.ints([end]), e.ints([axis]), e.ints([1])])
}

/** Writes values joined along a dimension. */
export function join(e: Emitter, values: readonly string[], axis: number): string {
  return values.length === 1 ? (values[0] ?? '') : e.op('Concat', values, { axis })
}

/** Writes the steps of a sequence [steps, batch, width], each [1, batch, width]. */
export function eachStep(e: Emitter, value: string, steps: number): string[] {
  return steps === 1 ? [value] : pieces(e, value, 0, steps, 1)
}

/** Writes the gates of [steps, batch, gates * hidden], each [steps, batch, hidden]. */
export function eachGate(e: Emitter, value: string, gates: number, hidden: number): string[] {
  return pieces(e, value, 2, gates, hidden)
}

/** Writes [steps, batch, width] as the matrix [steps * batch, width]. */
export function matrixOf(e: Emitter, value: string): string {
  return e.op('Flatten', [value], { axis: 2 })
}

/** Writes a sequence from its last step to its first. */
export function reversed(e: Emitter, value: string): string {
  return e.op('Slice', [value, e.ints([-1]), e.ints([-(2 ** 31)]), e.ints([0]), e.ints([-1])])
}

function pieces(e: Emitter, value: string, axis: number, count: number, size: number): string[] {
  const all = Array.from({ length: count }, () => true)
  return e.ops('Split', [value, e.ints(all.map(() => size))], all, { axis })
}
