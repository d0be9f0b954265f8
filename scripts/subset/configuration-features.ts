import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { filesIn } from '../../conformance/folders.ts'
import { isObject, parseObject } from '../../conformance/parse-object.ts'
import { scalarFeatures } from './entry-features.ts'

/** Maps of a config whose keys are names of the model's parts. */
const NAMED = /_(configs?|spec)$/

/**
 * What a configuration of a model shows: which files there are, what its config says where, the operations of the prepared model, who quantizes them, the
 * warnings, and how each backend takes it.
 */
export function configurationFeatures(modelFolder: string, configFolder: string): ReadonlySet<string> {
  const read = (name: string) => {
    const file = join(configFolder, name)
    return existsSync(file) ? parseObject(readFileSync(file, 'utf8'), file) : {}
  }
  const prepared = read('prepared.json')
  return new Set([
    ...[modelFolder, configFolder]
      .flatMap((folder) => filesIn(folder, ''))
      .map((file) => `file=${basename(file)}`),
    ...configFeatures(read('config.json').quantization_config),
    ...listed(prepared.graph, 'op', 'target').filter((feature) => !feature.startsWith('call_module')),
    ...listed(prepared.ops, 'func'),
    ...listed(prepared.fake_quants, 'role'),
    ...listed(prepared.fake_quants, 'disabled'),
    ...keysOf(prepared.log_warnings).map((kind) => `warning=${kind}`),
    ...keysOf(prepared)
      .filter((key) => key.endsWith('_error'))
      .map((key) => `${key}=${prepared[key]}`),
    ...backendFeatures(read('finalized.json')),
  ])
}

/** Where a config says something, with names and positions left out, and each scalar of a spec for itself. */
function configFeatures(value: unknown, path: readonly string[] = []): string[] {
  const [map = '', entry] = path.slice(-2)
  const place = path.slice(-3).join('.')
  if (entry !== undefined && map.endsWith('_spec')) {
    const specs = isObject(value) ? scalarFeatures(value).map((feature) => `${map} ${feature}`) : []
    return [`${place} ${value === null ? 'null' : 'spec'}`, ...specs]
  }
  if (!isObject(value)) return [place, ...scalarFeatures(value, place)]
  const isNamed = NAMED.test(path.at(-1) ?? '') && path.at(-1) !== 'global_config'
  return Object.entries(value).flatMap(([key, inner]) =>
    configFeatures(inner, [...path, isNamed && key !== '*' ? nameKind(key) : key]),
  )
}

function nameKind(key: string): string {
  if (/^\d+$/.test(key)) return 'position'
  return /[*+[(\\|]/.test(key) ? 'pattern' : 'name'
}

/** Values of keys in the objects of a list, without their numbers. */
function listed(value: unknown, ...keys: readonly string[]): string[] {
  if (!Array.isArray(value)) return []
  return value
    .filter(isObject)
    .map((entry) => keys.map((key) => String(entry[key]).replace(/_?\d+$/, '')).join(' '))
    .filter((feature) => !feature.startsWith('get_attr') && !feature.startsWith('placeholder'))
}

function backendFeatures(finalized: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(finalized).flatMap(([backend, result]) =>
    keysOf(result).map((key) => `${backend}.${key}`),
  )
}

function keysOf(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : []
}
