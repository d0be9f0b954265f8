import { describe, expect, test } from 'vitest'
import { goldens } from '../../../test/optimizer-goldens.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { Parameter } from '../parameter.ts'
import { OneCycleLR } from './one-cycle.ts'
import type { LearningRate, Optimizer } from './optimizer.ts'
import { CosineAnnealingLR, type LearningRateSchedule, LinearLR, StepLR } from './schedules.ts'
import { SGD } from './sgd.ts'

const schedules: Readonly<
  Record<string, (optimizer: Optimizer<LearningRate>, options: never) => LearningRateSchedule>
> = {
  StepLR: (optimizer, options) => new StepLR(optimizer, options),
  CosineAnnealingLR: (optimizer, options) => new CosineAnnealingLR(optimizer, options),
  OneCycleLR: (optimizer, options) => new OneCycleLR(optimizer, options),
  LinearLR: (optimizer, options) => new LinearLR(optimizer, options),
}

describe('LearningRateSchedule.step()', () => {
  const rows = goldens.schedules.map((golden) => [golden.schedule, golden.name, golden] as const)
  test.each(rows)('%s gives the rates of PyTorch: %s', (name, _, { baseLr, options, rates }) => {
    const optimizer = new SGD([parameterOf([0])], { lr: baseLr })
    const schedule = schedules[name]?.(optimizer, options)
    for (const [i, rate] of rates.entries()) {
      expect(schedule?.steps).toBe(i)
      expect(Math.abs(optimizer.lr - rate)).toBeLessThanOrEqual(1e-12)
      if (i + 1 < rates.length) schedule?.step()
    }
  })

  test('LearningRateSchedule.moveTo() goes on where a training was left', () => {
    const optimizer = new SGD([parameterOf([0])], { lr: 1 })
    new StepLR(optimizer, { stepSize: 2, gamma: 0.5 }).moveTo(5)
    expect(optimizer.lr).toBe(0.25)
  })

  test('OneCycleLR.step() ends with the cycle', () => {
    const schedule = new OneCycleLR(new SGD([parameterOf([0])]), { maxLr: 1, totalSteps: 2 })
    schedule.step()
    expect(() => schedule.step()).toThrow(
      new RangeError('Cannot step a "OneCycleLR": expected at most 1 calls of step(), got 2'),
    )
  })

  test('StepLR needs a step', () => {
    expect(() => new StepLR(new SGD([parameterOf([0])]), { stepSize: 0 })).toThrow(
      new RangeError('Cannot make a "StepLR": expected stepSize of at least 1, got 0'),
    )
  })
})

function parameterOf(values: readonly number[]): Parameter {
  return new Parameter(fromTypedArray(Float32Array.from(values), [values.length]))
}
