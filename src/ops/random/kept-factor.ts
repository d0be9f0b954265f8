import type { Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import { counterBits, unsigned } from './counter-bits.ts'

/** Writes what dropout multiplies by: `1 / (1 - p)` for the elements that `aten.dropout` keeps with the same seed, else 0. */
export function keptFactor(e: Emitter, shape: Dims, p: number, seed: string): string {
  const kept = e.op('GreaterOrEqual', [counterBits(e, shape, seed), unsigned(e, Math.round(p * 2 ** 24))])
  return e.op('Mul', [e.cast(kept, 'float32'), e.scalar(1 / (1 - p))])
}
