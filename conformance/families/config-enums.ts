import { QuantizationSpec, readExecutionMode, readExportBackend } from 'lowbit'
import type { EntryContext } from '../case.ts'
import type { Divergence } from '../divergence.ts'
import { compareError } from './error-classes.ts'
import { type Captured, capturingLogger } from './warnings.ts'

type Reader = (value: unknown, captured: Captured) => unknown

const READERS: Readonly<Record<string, Reader>> = {
  ExecutionMode: (value, { logger }) => readExecutionMode(value, 'execution_mode', logger),
  ExportBackend: (value, { logger }) => readExportBackend(value, 'backend', logger),
  QuantizationScheme: (value) => QuantizationSpec.fromDict({ qscheme: value }).qscheme,
  QuantizationFormulation: (value) => QuantizationSpec.fromDict({ qformulation: value }).qformulation,
}

/** Checks an entry of config/enums: a word, its value, and whether it is an old one. */
export function checkEnum({ entry }: EntryContext): Divergence | undefined {
  const read = READERS[String(entry.enum)]
  if (read === undefined) return { where: 'enum', expected: 'one that is known', got: String(entry.enum) }
  const captured = capturingLogger()
  let value: unknown
  try {
    value = read(entry.lookup, captured)
  } catch (error) {
    return compareError('lookup', entry.error ?? 'no error', error)
  }
  if (entry.error !== undefined) return compareError('lookup', entry.error, undefined)
  if (value !== entry.value) return { where: 'value', expected: String(entry.value), got: String(value) }
  const isOld = captured.warnings.length > 0
  return isOld === entry.deprecated
    ? undefined
    : { where: 'deprecated', expected: String(entry.deprecated), got: String(isOld) }
}
