import type { Value } from '../../ir/node.ts'
import { dequantizerOf } from './quantized-values.ts'

/** What a file calls the parts of what is quantized: `x_quantized`, `x_scale`, `x_zero_point`, `x_minval`. */
export interface QuantizedNames {
  /** Parameters and buffers. */
  readonly states: ReadonlyMap<Value, string>
  /** What is quantized when the model runs. */
  readonly results: ReadonlyMap<Value, string>
}

const PARTS = ['quantized', 'scale', 'zero_point', 'minval']

/**
 * Names the parts of all values that are dequantized.
 * @param bases what the file calls the values that they stand for
 * @param fresh makes a name that is not taken
 */
export function quantizedNames(
  bases: ReadonlyMap<Value, string>,
  fresh: (candidate: string) => string,
): QuantizedNames {
  const states = new Map<Value, string>()
  const results = new Map<Value, string>()
  for (const [value, base] of bases) {
    for (const [i, part] of dequantizerOf(value)?.inputs.entries() ?? []) {
      if (part === null || states.has(part) || results.has(part)) continue
      const names = part.node === null ? states : results
      names.set(part, fresh(`${base}_${PARTS[i] ?? ''}`))
    }
  }
  return { states, results }
}
