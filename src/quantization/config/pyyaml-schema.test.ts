import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { readYaml } from './read-yaml.ts'
import { writeYaml } from './write-yaml.ts'

/** Made by scripts/goldens/make_yaml_scalars.py. */
const { cases }: { readonly cases: readonly { scalar: string; meaning: readonly [string, string] }[] } =
  JSON.parse(readFileSync(new URL('../../../test/goldens/yaml-scalars.json', import.meta.url), 'utf8'))

/** A value of JavaScript where Python's has a type and a text. */
function inJavaScript([type, text]: readonly [string, string]): unknown {
  if (type === 'NoneType') return null
  if (type === 'bool') return text === 'True'
  if (type !== 'int' && type !== 'float') return text
  return text.endsWith('inf') ? (text.startsWith('-') ? -1 : 1) * Number.POSITIVE_INFINITY : Number(text)
}

function read(text: string): unknown {
  const { content } = readYaml(text)
  return content instanceof Map ? content.get('k') : content
}

describe('PYYAML_SCHEMA', () => {
  test.each(cases)('PYYAML_SCHEMA reads $scalar as PyYAML does', ({ scalar, meaning }) => {
    if (meaning[0] === 'error') expect(() => read(`k: ${scalar}`)).toThrow(ConfigError)
    else expect(read(`k: ${scalar}`)).toBe(inJavaScript(meaning))
  })

  test.each(cases)('writeYaml() writes "$scalar" so that it is read as a string', ({ scalar }) => {
    expect(read(writeYaml({ k: scalar }))).toBe(scalar)
    expect(readYaml(writeYaml({ [scalar]: 1 })).content).toEqual(new Map([[scalar, 1]]))
  })
})
