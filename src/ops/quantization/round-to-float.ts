import type { Emitter } from '../../ir/emitter.ts'
import type { DType } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { exponentIndex } from './microscale.ts'

/** Bits of the mantissa and smallest normal exponent of the floats that have to be rounded by arithmetic. */
const FORMATS = {
  float8_e4m3fn: { mantissaBits: 3, minExponent: -6 },
  float8_e5m2: { mantissaBits: 2, minExponent: -14 },
} as const

/**
 * Rounds clipped values to those that a narrow float holds, half to even, subnormals, signs of zero and NaN kept: by a cast where the engine
 * has one, else by the step between neighbours.
 */
export function roundToFloat(e: Emitter, clipped: string, dtype: DType): string {
  if (dtype === 'float4_e2m1fn_x2') return roundToFp4(e, clipped)
  if (dtype !== 'float8_e4m3fn' && dtype !== 'float8_e5m2')
    throw new TypeError(`Cannot round to "${dtype}": expected fp8 or fp4 (a bug in lowbit)`)
  if (e.has('float8'))
    return e.op('Cast', [e.op('Cast', [clipped], { to: { dtype } })], { to: { dtype: 'float32' } })
  const { mantissaBits, minExponent } = FORMATS[dtype]
  const exponents = Array.from(
    { length: 255 },
    (_, i) => 2 ** (Math.max(i - 126, minExponent) - mantissaBits),
  )
  const steps = e.constant(fromValues('float32', [255], exponents))
  return onGrid(e, clipped, e.op('Gather', [steps, exponentIndex(e, e.op('Abs', [clipped]))]))
}

/** Neighbours are 0.5 apart below 2, 1 apart below 4, and 2 apart up to 6. */
function roundToFp4(e: Emitter, clipped: string): string {
  const magnitude = e.op('Abs', [clipped])
  const reaches = (bound: number) => e.cast(e.op('GreaterOrEqual', [magnitude, e.scalar(bound)]), 'float32')
  const half = e.op('Add', [e.op('Mul', [reaches(2), e.scalar(0.5)]), e.scalar(0.5)])
  return onGrid(e, clipped, e.op('Add', [half, reaches(4)]))
}

function onGrid(e: Emitter, values: string, step: string): string {
  return e.op('Mul', [e.op('Round', [e.op('Div', [values, step])]), step])
}
