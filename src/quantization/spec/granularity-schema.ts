import { notAmong, unexpected, unknownKey } from '../config-error.ts'
import { readMap } from '../schema/maps.ts'
import { entryPath, type Schema } from '../schema/schema.ts'
import {
  axisSchema,
  type Granularity,
  PerBlock,
  PerChannel,
  PerTensor,
  readBlockSize,
} from './granularity.ts'

const KEYS: Readonly<Record<Granularity['type'], readonly string[]>> = {
  per_tensor: ['type', 'axis'],
  per_channel: ['type', 'axis'],
  per_block: ['type', 'axis', 'block_size'],
}

const AXIS = {
  type: ['integer', 'null'],
  default: null,
  description: 'May be negative; null is the default axis of a known weight',
}
const SIZE = { type: 'integer', minimum: 1 }

/** A granularity as it stands in a config: a map with its `type`, or one made in code. */
export const granularity: Schema<Granularity> = {
  json: {
    description: 'Which elements share a scale',
    oneOf: [
      jsonOf('per_tensor', { axis: { const: null } }),
      jsonOf('per_channel', { axis: AXIS }),
      jsonOf('per_block', {
        axis: AXIS,
        block_size: { oneOf: [SIZE, { type: 'array', items: { anyOf: [SIZE, { const: -1 }] } }] },
      }),
    ],
  },
  read(value, path) {
    if (value instanceof PerTensor || value instanceof PerChannel || value instanceof PerBlock) return value
    const map = readMap(value, path)
    const type = map.get('type')
    if (!isType(type)) throw notAmong(entryPath(path, 'type'), Object.keys(KEYS), type)
    for (const key of map.keys()) {
      if (!KEYS[type].includes(String(key)))
        throw unknownKey(entryPath(path, String(key)), String(key), KEYS[type])
    }
    return make(type, map, path)
  },
}

function make(type: Granularity['type'], map: ReadonlyMap<unknown, unknown>, path: string): Granularity {
  const given = map.get('axis') ?? null
  if (type === 'per_tensor') {
    if (given !== null) throw unexpected(entryPath(path, 'axis'), 'null for per_tensor', given)
    return new PerTensor()
  }
  const axis = axisSchema.read(given, entryPath(path, 'axis'))
  if (type === 'per_channel') return new PerChannel(axis, path)
  return new PerBlock(readBlockSize(map.get('block_size'), entryPath(path, 'block_size')), axis, path)
}

function isType(type: unknown): type is Granularity['type'] {
  return typeof type === 'string' && Object.hasOwn(KEYS, type)
}

function jsonOf(
  type: Granularity['type'],
  properties: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const required = type === 'per_block' ? ['type', 'block_size'] : ['type']
  return {
    type: 'object',
    properties: { type: { const: type }, ...properties },
    required,
    additionalProperties: false,
  }
}
