import { checkNames, unexpected } from '../config-error.ts'
import { readRecord } from '../schema/maps.ts'
import { integer, nullable } from '../schema/scalars.ts'
import { entryPath, type JsonSchema, type Schema } from '../schema/schema.ts'

/** Steps at which quantization-aware training changes. */
export interface QATScheduleOptions {
  /** Step from which observers run, at least 0. Default: 0. */
  readonly enableObserver?: number
  /** Step from which values are quantized, not before `enableObserver`. Default: 0. */
  readonly enableFakeQuant?: number
  /** Step from which observers no longer run, after `enableObserver` and not before `enableFakeQuant`. Default: null, never. */
  readonly disableObserver?: number | null
}

const FIELDS = {
  enableObserver: { key: 'enable_observer', schema: integer(0, 'Step from which observers run') },
  enableFakeQuant: { key: 'enable_fake_quant', schema: integer(0, 'Step from which values are quantized') },
  disableObserver: {
    key: 'disable_observer',
    schema: nullable(integer(1, 'Step from which observers no longer run')),
  },
} as const
const NAMES = Object.keys(FIELDS) as (keyof typeof FIELDS)[]
const KEYS = NAMES.map((name) => FIELDS[name].key)

/**
 * When observers and fake quantizers of a module are on, by the number of training steps taken. Immutable.
 *
 * @example
 * new QATSchedule({ enableFakeQuant: 100 }).stateAt(99) // => { observer: true, fakeQuant: false }
 */
export class QATSchedule {
  readonly enableObserver: number
  readonly enableFakeQuant: number
  readonly disableObserver: number | null

  /** @throws ConfigError for steps that are no whole numbers or out of order */
  constructor(options: QATScheduleOptions = {}, path: string = '') {
    checkNames(options, NAMES, path)
    const { enableObserver = 0, enableFakeQuant = 0, disableObserver = null } = options
    this.enableObserver = FIELDS.enableObserver.schema.read(enableObserver, entryPath(path, 'enableObserver'))
    this.enableFakeQuant = FIELDS.enableFakeQuant.schema.read(
      enableFakeQuant,
      entryPath(path, 'enableFakeQuant'),
    )
    this.disableObserver = FIELDS.disableObserver.schema.read(
      disableObserver,
      entryPath(path, 'disableObserver'),
    )
    checkOrder(this, path)
    Object.freeze(this)
  }

  /** What is on after `count` steps. */
  stateAt(count: number): { readonly observer: boolean; readonly fakeQuant: boolean } {
    const ended = this.disableObserver !== null && count >= this.disableObserver
    return { observer: count >= this.enableObserver && !ended, fakeQuant: count >= this.enableFakeQuant }
  }

  /** The schedule as a config file has it. */
  toDict(): Record<string, unknown> {
    return Object.fromEntries(NAMES.map((name) => [FIELDS[name].key, this[name]]))
  }

  /** Reads a schedule as a config file has it. @throws ConfigError */
  static fromDict(dict: unknown, path: string = ''): QATSchedule {
    if (dict instanceof QATSchedule) return dict
    const entries = readRecord(dict, path, KEYS)
    const options = NAMES.flatMap((name) => {
      const { key, schema } = FIELDS[name]
      return entries.has(key) ? [[name, schema.read(entries.get(key), entryPath(path, key))]] : []
    })
    return new QATSchedule(Object.fromEntries(options), path)
  }
}

/** A schedule in a config. */
export const qatSchedule: Schema<QATSchedule> = {
  json: {
    type: 'object',
    properties: Object.fromEntries(
      NAMES.map((name): [string, JsonSchema] => [FIELDS[name].key, FIELDS[name].schema.json]),
    ),
    additionalProperties: false,
  },
  read: (value, path) => QATSchedule.fromDict(value, path),
}

function checkOrder({ enableObserver, enableFakeQuant, disableObserver }: QATSchedule, path: string): void {
  const subject = path === '' ? 'qat_schedule' : path
  if (enableFakeQuant < enableObserver) {
    throw unexpected(
      subject,
      `enable_fake_quant at step ${enableObserver} (enable_observer) or later`,
      enableFakeQuant,
    )
  }
  if (disableObserver === null) return
  if (disableObserver <= enableObserver) {
    throw unexpected(
      subject,
      `disable_observer after step ${enableObserver} (enable_observer)`,
      disableObserver,
    )
  }
  if (disableObserver < enableFakeQuant) {
    throw unexpected(
      subject,
      `disable_observer at step ${enableFakeQuant} (enable_fake_quant) or later`,
      disableObserver,
    )
  }
}
