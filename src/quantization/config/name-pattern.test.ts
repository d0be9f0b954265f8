import { expect, test } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { NamePattern } from './name-pattern.ts'

test.each([
  ['blocks\\.0', 'blocks.0', true],
  ['blocks\\.0', 'blocks.0.fc', false],
  ['fc1|c1', 'c1', true],
  ['(?P<kind>fc)\\d', 'fc3', true],
  ['(?i)HEAD', 'head', true],
  ['head\\Z', 'head', true],
  ['a\\\\Z', 'a\\Z', true],
  ['.*', '', true],
  ['__proto__', '__proto__', true],
])('NamePattern %s against %s gives %s', (pattern, name, expected) => {
  expect(new NamePattern(pattern).matches(name)).toBe(expected)
})

test('NamePattern runs in time proportional to the name', () => {
  const started = performance.now()
  expect(new NamePattern('^(a+)+$').matches(`${'a'.repeat(10_000)}b`)).toBe(false)
  expect(performance.now() - started).toBeLessThan(1000)
})

test('NamePattern refuses what is no expression, what cannot run in linear time, and what is too long', () => {
  expect(() => new NamePattern('(', 'module_name_configs.(')).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message:
        'Cannot read "module_name_configs.(": expected a regular expression without look-around and back-references, got "("\n' +
        'Hint: error parsing regexp: missing closing ): `(`',
    }),
  )
  for (const source of ['(?!a)b', '(a)\\1', 'x'.repeat(20_000)])
    expect(() => new NamePattern(source)).toThrow(ConfigError)
})
