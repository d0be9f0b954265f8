import { QuantizerConfig } from 'lowbit'
import type { EntryContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { compareDicts } from './recorded-dicts.ts'
import { capturingLogger } from './warnings.ts'

/** Unknown keys of specs, which the reference drops, are errors here: known difference 10. */
const REFUSED = new Set(['load.unknown_spec_fields_dropped'])

/** Checks an entry of config/loading: a YAML text, and the config that it gives or why it gives none. */
export function checkLoading({ entry }: EntryContext): Divergence | undefined {
  const expectedError = REFUSED.has(String(entry.id)) ? 'ValidationError' : entry.error
  const { logger, warnings } = capturingLogger()
  let config: QuantizerConfig | null
  try {
    config = QuantizerConfig.fromYaml(String(entry.yaml), { logger })
  } catch (error) {
    return compareError('yaml', expectedError ?? 'no error', error)
  }
  if (expectedError !== undefined) return compareError('yaml', expectedError, undefined)
  const recorded = Array.isArray(entry.warnings) ? entry.warnings.length : 0
  if (warnings.length !== recorded)
    return { where: 'warnings', expected: String(recorded), got: JSON.stringify(warnings) }
  const dump = config?.toDict({ computed: true }) ?? null
  const divergence = compareDicts('dump', entry.dump ?? null, dump)
  if (divergence !== undefined || config === null) return divergence
  return (
    compareDicts('dump of the dump', dump, QuantizerConfig.fromDict(dump).toDict({ computed: true })) ??
    compareDicts(
      'dump of the YAML',
      dump,
      QuantizerConfig.fromYaml(config.toYaml())?.toDict({ computed: true }),
    )
  )
}
