import { expect, test } from 'vitest'
import { Registry } from './registry.ts'

test('Registry.get() names the keys and the nearest one for a key that is not there', () => {
  const registry = new Registry('range calculator', { minmax: 1, percentile: 2 })
  expect(() => registry.get('percentil', 'op_state_spec.weight.range_calculator_cls')).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message:
        'Cannot read "op_state_spec.weight.range_calculator_cls": expected a registered range calculator (minmax, percentile), got "percentil"\n' +
        'Hint: did you mean "percentile"?',
    }),
  )
})

test('Registry.register() adds an entry once, and unregister() takes it out', () => {
  const registry = new Registry('range calculator', { minmax: 1 })
  registry.register('mine', 2)
  expect(registry.keys).toEqual(['minmax', 'mine'])
  expect(() => registry.register('mine', 3)).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      message: 'Cannot read "range calculator": expected a key that is not taken, got "mine"',
    }),
  )
  registry.unregister('mine')
  expect(registry.has('mine')).toBe(false)
})
