import { expect, test } from 'vitest'
import { ConfigError } from '../config-error.ts'
import { QATSchedule } from './qat-schedule.ts'

test('QATSchedule.stateAt() follows the steps', () => {
  const schedule = new QATSchedule({ enableObserver: 1, enableFakeQuant: 2, disableObserver: 3 })
  expect([0, 1, 2, 3].map((count) => Object.values(schedule.stateAt(count)))).toEqual([
    [false, false],
    [true, false],
    [true, true],
    [false, true],
  ])
})

test('QATSchedule without options has everything on', () => {
  expect(new QATSchedule().stateAt(0)).toEqual({ observer: true, fakeQuant: true })
})

test.each([
  [{ enable_observer: -1 }, 'enable_observer": expected a whole number of at least 0, got -1'],
  [{ disable_observer: 0 }, 'disable_observer": expected a whole number of at least 1, got 0'],
  [
    { enable_observer: 5 },
    'qat_schedule": expected enable_fake_quant at step 5 (enable_observer) or later, got 0',
  ],
  [
    { enable_observer: 2, enable_fake_quant: 2, disable_observer: 2 },
    'expected disable_observer after step 2 (enable_observer), got 2',
  ],
  [
    { enable_fake_quant: 4, disable_observer: 3 },
    'expected disable_observer at step 4 (enable_fake_quant) or later, got 3',
  ],
  [{ disable_observers: 3 }, 'Hint: did you mean "disable_observer"?'],
])('QATSchedule.fromDict() refuses %j', (dict, part) => {
  expect(() => QATSchedule.fromDict(dict, 'qat_schedule')).toThrow(ConfigError)
  expect(() => QATSchedule.fromDict(dict, 'qat_schedule')).toThrow(part)
})

test('QATSchedule.fromDict() reads what toDict() writes', () => {
  const schedule = new QATSchedule({ enableFakeQuant: 100, disableObserver: 500 })
  expect(schedule.toDict()).toEqual({ enable_observer: 0, enable_fake_quant: 100, disable_observer: 500 })
  expect(QATSchedule.fromDict(schedule.toDict())).toEqual(schedule)
})

test('QATSchedule.fromDict() takes true as 1, as the Python library does', () => {
  expect(QATSchedule.fromDict({ enable_observer: true, enable_fake_quant: 1 }).enableObserver).toBe(1)
})
