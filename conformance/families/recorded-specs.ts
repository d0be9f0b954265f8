import { type Granularity, QuantizationSpec, type QuantizationTarget } from 'lowbit'

/** A recorded granularity. @throws ConfigError as a config does */
export function readGranularity(dict: unknown): Granularity {
  return QuantizationSpec.fromDict({ granularity: dict }).granularity
}

/** What a recorded quantizer quantizes. */
export function readTarget(target: unknown): QuantizationTarget {
  if (target === 'weight' || target === 'activation' || target === 'lut') return target
  throw new RangeError(`Cannot check a target: expected weight, activation or lut, got ${String(target)}`)
}
