import { unexpected } from '../config-error.ts'
import { readMap } from '../schema/maps.ts'
import { entryPath, type JsonSchema, type Schema } from '../schema/schema.ts'
import { type QuantizationSpec, quantizationSpec } from '../spec/quantization-spec.ts'

/** Specs of inputs or outputs by position, by name, or for all others under `'*'`; null leaves one unquantized. */
export type TensorSpecs = ReadonlyMap<string | number, QuantizationSpec | null>

/** Specs of states (weights, biases) by name, or for all others under `'*'`; null leaves one unquantized. */
export type StateSpecs = ReadonlyMap<string, QuantizationSpec | null>

/** What a caller may give for such specs: a map, or an object, whose digit-only keys are positions. */
export type SpecMap = TensorSpecs | { readonly [key: string | number]: QuantizationSpec | null }

const ENTRY: JsonSchema = { anyOf: [{ $ref: '#/$defs/spec' }, { type: 'null' }] }

/** Specs of inputs or outputs. Keys of digits only are positions. */
export const tensorSpecs: Schema<TensorSpecs> = {
  json: {
    type: 'object',
    additionalProperties: ENTRY,
    description: 'By position, by name, or "*" for all others; null: not quantized',
  },
  read(value, path) {
    const specs = new Map<string | number, QuantizationSpec | null>()
    for (const [given, entry] of readMap(value, path)) {
      const key = typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given
      if (typeof key !== 'string' && !isPosition(key))
        throw unexpected(path, 'keys that are names or positions', given)
      if (specs.has(key)) throw unexpected(path, 'each position once', `${String(key)} twice`)
      specs.set(key, readEntry(entry, entryPath(path, String(key))))
    }
    return specs
  },
}

/** Specs of states. */
export const stateSpecs: Schema<StateSpecs> = {
  json: {
    type: 'object',
    additionalProperties: ENTRY,
    description: 'By name, or "*" for all others; null: not quantized',
  },
  read(value, path) {
    const specs = new Map<string, QuantizationSpec | null>()
    for (const [key, entry] of readMap(value, path)) {
      if (typeof key !== 'string')
        throw unexpected(entryPath(path, String(key)), 'the name of a state as key', key)
      specs.set(key, readEntry(entry, entryPath(path, key)))
    }
    return specs
  },
}

/** The spec under a key, else the one under `'*'`; undefined where neither says anything. */
export function specFor(
  specs: TensorSpecs | StateSpecs,
  key: string | number,
): QuantizationSpec | null | undefined {
  const lookup: ReadonlyMap<string | number, QuantizationSpec | null> = specs
  return lookup.has(key) ? lookup.get(key) : lookup.get('*')
}

/** Specs as a config file has them. */
export function specsToDict(specs: TensorSpecs | StateSpecs, computed: boolean): Record<string, unknown> {
  return Object.fromEntries(
    Array.from(specs, ([key, spec]) => [String(key), spec?.toDict({ computed }) ?? null]),
  )
}

function isPosition(key: unknown): key is number {
  return typeof key === 'number' && Number.isSafeInteger(key)
}

function readEntry(entry: unknown, path: string): QuantizationSpec | null {
  return entry === null ? null : quantizationSpec.read(entry, path)
}
