import { ExecutionMode, type FakeQuantize, inspectEager, Quantizer, zeros } from 'lowbit'
import type { EntryContext, JsonObject } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { configIn, EXAMPLES, rangeOf } from './config-precedence.ts'
import { precedenceModel } from './precedence-models.ts'
import { compareDicts } from './recorded-dicts.ts'

/** Checks the `eager` of an entry of config/precedence: which fake quantizers a module gets, and whose spec won. */
export async function checkEagerPlacement({ entry }: EntryContext): Promise<Divergence | undefined> {
  const model = precedenceModel(entry.model)
  const config = configIn(entry, rangeOf, ExecutionMode.EAGER)
  const quantizer = new Quantizer(model, config, { logger: { warn: () => {} } })
  await quantizer.prepare([zeros(EXAMPLES[String(entry.model)] ?? [])])
  const firsts = new Map<FakeQuantize, string>()
  for (const { path, fakeQuantize } of inspectEager(model).fakeQuantizers)
    if (!firsts.has(fakeQuantize)) firsts.set(fakeQuantize, path)
  const got = Array.from(firsts, ([{ target, spec }, name]) => ({ name, target, tag: spec.floatRange[1] }))
  return compareDicts('eager', byName(entry.eager as readonly JsonObject[]), byName(got))
}

function byName(quantizers: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(quantizers.map((quantizer) => [String(quantizer.name), quantizer]))
}
