import { expect, it } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { Linear } from '../nn/layers/linear.ts'
import { ModuleQuantizerConfig } from './config/module-quantizer-config.ts'
import { QATSchedule } from './config/qat-schedule.ts'
import { QuantizerConfig } from './config/quantizer-config.ts'
import { inspectEager } from './eager/inspection.ts'
import { Quantizer } from './quantizer.ts'

function scheduled(model: Linear): Quantizer {
  const qatSchedule = new QATSchedule({ enableFakeQuant: 2 })
  const globalConfig = new ModuleQuantizerConfig({ opInputSpec: null, opOutputSpec: null, qatSchedule })
  return new Quantizer(model, new QuantizerConfig({ globalConfig, executionMode: 'eager' }))
}

it('Quantizer.stepCount counts the steps, and sets where schedules go on', async () => {
  const model = new Linear(4, 2)
  const quantizer = scheduled(model)
  await quantizer.prepare([randn([3, 4])])
  const [placed] = inspectEager(model).fakeQuantizers
  await quantizer.trainingMode(async () => {
    quantizer.step()
    expect([quantizer.stepCount, placed?.fakeQuantize.fakeQuantEnabled]).toEqual([1, false])
    quantizer.stepCount = 2
    expect([quantizer.stepCount, placed?.fakeQuantize.fakeQuantEnabled]).toEqual([2, true])
  })
  expect(quantizer.stepCount).toBe(2)
})

it('Quantizer.stepCount refuses what is no number of steps', () => {
  const quantizer = scheduled(new Linear(4, 2))
  expect(() => {
    quantizer.stepCount = -1
  }).toThrow(new RangeError('Cannot set the step count: expected a whole number of at least 0, got -1'))
})
