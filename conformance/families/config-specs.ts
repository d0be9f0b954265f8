import { QuantizationSpec } from 'lowbit'
import type { EntryContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { compareDicts } from './recorded-dicts.ts'

/** Checks an entry of config/specs: the fields of a spec, and its dump or error. */
export function checkSpec({ entry }: EntryContext): Divergence | undefined {
  let spec: QuantizationSpec
  try {
    spec = QuantizationSpec.fromDict(entry.args)
  } catch (error) {
    return compareError('args', entry.error ?? 'no error', error)
  }
  if (entry.error !== undefined) return compareError('args', entry.error, undefined)
  const dump = spec.toDict({ computed: true })
  return (
    compareDicts('dump', entry.dump, dump) ??
    compareDicts('dump of the dump', dump, QuantizationSpec.fromDict(dump).toDict({ computed: true }))
  )
}
