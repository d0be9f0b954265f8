import { defaultCalculator } from '../qparams/qparams-calculators.ts'
import { QuantizationSpec, type SpecOptions } from '../spec/quantization-spec.ts'
import type { QuantizationTarget } from '../spec/scheme.ts'
import type { FloatRange, SpecFields } from '../spec/spec-fields.ts'

/** A field that somebody asked for; smaller priorities are stronger. */
export interface Claimed<T> {
  readonly value: T
  readonly priority: number
}

/** What an observer is to be: a spec, and whether it looks at a weight or an activation. */
interface WishFields extends Omit<SpecFields, 'floatRange'> {
  readonly target: QuantizationTarget
}

/** Fields by name. All of them are there or none. */
export type Fields = ReadonlyMap<keyof WishFields, Claimed<WishFields[keyof WishFields]>>

/** Everything that was asked for in one place. The range is apart because ranges are united. */
export interface Wish {
  readonly fields: Fields
  readonly range: Claimed<FloatRange> | undefined
}

const NAMES = [
  'dtype',
  'qscheme',
  'qformulation',
  'granularity',
  'fakeQuantize',
  'qparamCalculator',
  'rangeCalculator',
  'scaleDtype',
  'averagingConstant',
  'percentile',
  'reduceRange',
] as const satisfies readonly (keyof SpecFields)[]

/** What a spec asks for. */
export function wishOf(spec: QuantizationSpec, target: QuantizationTarget, priority: number): Wish {
  const fields = new Map<keyof WishFields, Claimed<WishFields[keyof WishFields]>>()
  for (const name of NAMES) fields.set(name, { value: spec[name], priority })
  if (spec.qparamCalculator === 'default')
    fields.set('qparamCalculator', { value: defaultCalculator(target, spec.rangeCalculator), priority })
  fields.set('target', { value: target, priority })
  return { fields, range: { value: spec.floatRange, priority } }
}

/** A wish with one field replaced. */
export function withClaim(
  wish: Wish,
  name: keyof WishFields,
  claim: Claimed<WishFields[keyof WishFields]>,
): Wish {
  return { ...wish, fields: new Map(wish.fields).set(name, claim) }
}

/** What is asked for by two: of each field the stronger claim, and a range that holds both. */
export function unite(a: Wish, b: Wish): Wish {
  if (a.fields.size === 0 || b.fields.size === 0) return a.fields.size === 0 ? b : a
  const fields = new Map(a.fields)
  for (const [name, claimed] of b.fields) {
    const own = fields.get(name)
    fields.set(name, own === undefined ? claimed : stronger(own, claimed))
  }
  return { fields, range: uniteRanges(a.range, b.range) }
}

/** The stronger of two claims. Equally strong ones are decided by the smaller text, so that the order of asking does not matter. */
export function stronger<T>(a: Claimed<T>, b: Claimed<T>): Claimed<T> {
  if (a.priority !== b.priority) return a.priority < b.priority ? a : b
  return textOf(a.value) <= textOf(b.value) ? a : b
}

/** Whether two wishes are equal, priorities included. */
export function sameWish(a: Wish, b: Wish): boolean {
  if (a === b) return true
  if (a.fields.size !== b.fields.size || !sameClaim(a.range, b.range)) return false
  return [...a.fields].every(([name, claimed]) => sameClaim(claimed, b.fields.get(name)))
}

/**
 * The spec that was wished for.
 * @throws ConfigError when what was put together does not go together
 */
export function specOf({ fields, range }: Wish): QuantizationSpec {
  const options = NAMES.map((name) => [name, fields.get(name)?.value])
  return new QuantizationSpec({
    ...(Object.fromEntries(options) as SpecOptions),
    ...(range ? { floatRange: range.value } : {}),
  })
}

/** Whether a weight or an activation was meant. */
export function targetOf({ fields }: Wish): QuantizationTarget {
  return fields.get('target')?.value === 'weight' ? 'weight' : 'activation'
}

/** Unbounded on the sides where one of them is; outside of both otherwise. */
function uniteRanges(a: Wish['range'], b: Wish['range']): Wish['range'] {
  if (a === undefined || b === undefined) return a ?? b
  const [[low, high], [otherLow, otherHigh]] = [a.value, b.value]
  const min = low === null || otherLow === null ? null : Math.min(low, otherLow)
  const max = high === null || otherHigh === null ? null : Math.max(high, otherHigh)
  return { value: [min, max], priority: Math.min(a.priority, b.priority) }
}

function sameClaim<T>(a: Claimed<T> | undefined, b: Claimed<T> | undefined): boolean {
  return a?.priority === b?.priority && (a?.value === b?.value || textOf(a?.value) === textOf(b?.value))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
