import type { JsonObject } from '../../conformance/case.ts'
import { isObject } from '../../conformance/parse-object.ts'

/** Keys of a spec whose values are looked at in pairs. */
const PAIRED = ['dtype', 'qscheme', 'qformulation', 'type', 'qparam_calculator_cls', 'target', 'input_dtype']

/** What an entry of a JSON file shows: each scalar in its description, those of a spec in pairs too, and the first words of its identifier. */
export function* entryFeatures({ id, ...described }: JsonObject): Generator<string> {
  const features = [...new Set([...scalarFeatures(described), ...wordsOf(id)])]
  yield* features
  const paired = features.filter((feature) => PAIRED.includes(feature.split('=')[0] ?? ''))
  for (const a of paired) for (const b of paired) if (a < b) yield `${a} & ${b}`
}

function wordsOf(id: unknown): string[] {
  return String(id)
    .split('.')
    .slice(0, 2)
    .map((part) => `id=${part.replace(/\d+/g, '#')}`)
}

/** Every scalar as `key=value` and every list's length; of numbers the sign only, names of tensors not at all. */
export function scalarFeatures(value: unknown, key = ''): string[] {
  if (Array.isArray(value))
    return [`${key}[${value.length}]`, ...value.flatMap((entry) => scalarFeatures(entry, key))]
  if (isObject(value)) return Object.entries(value).flatMap(([name, entry]) => scalarFeatures(entry, name))
  if (typeof value === 'string' && /^t\d+$/.test(value)) return []
  return [
    `${key}=${typeof value === 'number' ? Math.sign(value) : String(value).replace(/\d+(?=\.|$)/g, '#')}`,
  ]
}
