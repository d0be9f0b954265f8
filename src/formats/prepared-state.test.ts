import { mkdtempSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSafetensors, writeSafetensors } from '../codec/safetensors.ts'
import { randn } from '../engine/create-tensors.ts'
import { closeEngine } from '../engine/engine.ts'
import { ReLU } from '../nn/layers/activations.ts'
import { Linear } from '../nn/layers/linear.ts'
import { Sequential } from '../nn/layers/sequential.ts'
import { Adam } from '../nn/optimizers/adam.ts'
import { stateDict } from '../nn/state-dict.ts'
import { loadSafetensors, saveStateDict } from '../nn/state-file.ts'
import { ExportBackend } from '../quantization/config/execution-mode.ts'
import { ModuleQuantizerConfig } from '../quantization/config/module-quantizer-config.ts'
import { QATSchedule } from '../quantization/config/qat-schedule.ts'
import { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { Quantizer } from '../quantization/quantizer.ts'

afterAll(() => closeEngine())

test('saveStateDict() and loadSafetensors() let a calibration go on with another quantizer', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'lowbit-')), 'prepared.safetensors')
  const [x, first, second] = [randn([8, 6]), randn([8, 6]), randn([8, 6])]
  const make = () => new Quantizer(new Sequential(new Linear(6, 5), new ReLU(), new Linear(5, 3)))
  const begun = make()
  const before = await begun.prepare([x])
  await begun.calibrate([first])
  await saveStateDict(before, path)
  const other = make()
  const after = await other.prepare([randn([8, 6])])
  await loadSafetensors(after, path)
  expect(await stateDict(after)).toEqual(await stateDict(before))
  await begun.calibrate([second])
  await other.calibrate([second])
  expect(await stateDict(after)).toEqual(await stateDict(before))
  expect(await after(x).array()).toEqual(await before(x).array())
})

test('saveStateDict(), the state of an optimizer and the count of steps let a training go on with another quantizer', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
  const batches = Array.from({ length: 4 }, () => randn([8, 6]))
  const qatSchedule = new QATSchedule({ enableObserver: 0, enableFakeQuant: 1, disableObserver: 3 })
  const config = new QuantizerConfig({ globalConfig: new ModuleQuantizerConfig({ qatSchedule }) })
  const start = async () => {
    const quantizer = new Quantizer(new Sequential(new Linear(6, 5), new ReLU(), new Linear(5, 3)), config)
    const prepared = await quantizer.prepare([randn([8, 6])])
    return { quantizer, prepared, optimizer: new Adam(prepared.parameters(), { lr: 0.05 }) }
  }
  type Training = Awaited<ReturnType<typeof start>>
  const train = async ({ quantizer, prepared, optimizer }: Training, from: number, to: number) => {
    await quantizer.trainingMode(async () => {
      for (const batch of batches.slice(from, to)) {
        optimizer.zeroGrad()
        prepared(batch).pow(2).mean().backward()
        optimizer.step()
        quantizer.step()
      }
    })
  }
  const first = await start()
  await train(first, 0, 2)
  await saveStateDict(first.prepared, join(folder, 'model.safetensors'))
  const { groups, tensors } = await first.optimizer.stateDict()
  await writeFile(join(folder, 'optimizer.safetensors'), writeSafetensors(tensors))

  const second = await start()
  await loadSafetensors(second.prepared, join(folder, 'model.safetensors'))
  const remembered = readSafetensors(await readFile(join(folder, 'optimizer.safetensors')))
  second.optimizer.loadStateDict({ groups, tensors: remembered })
  second.quantizer.stepCount = first.quantizer.stepCount
  await train(first, 2, 4)
  await train(second, 2, 4)
  expect(second.quantizer.stepCount).toBe(4)
  expect(await stateDict(second.prepared)).toEqual(await stateDict(first.prepared))
})

test('saveStateDict() and loadSafetensors() keep the state of a finalized model, packed integers among it', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'lowbit-')), 'finalized.safetensors')
  const x = randn([2, 32])
  const weight = { dtype: 'int4', granularity: { type: 'per_block', axis: 1, block_size: 16 } }
  const global_config = { op_input_spec: null, op_output_spec: null, op_state_spec: { weight } }
  const finalized = async () => {
    const config = QuantizerConfig.fromDict({ quantization_config: { global_config } })
    const quantizer = new Quantizer(new Sequential(new Linear(32, 6)), config)
    await quantizer.prepare([x])
    return quantizer.finalize({ backend: ExportBackend.ONNX })
  }
  const [first, second] = [await finalized(), await finalized()]
  await saveStateDict(first, path)
  await loadSafetensors(second, path)
  const state = await stateDict(second)
  expect(Array.from(state.values(), ({ dtype }) => dtype)).toContain('int4')
  expect(state).toEqual(await stateDict(first))
  expect(await second(x).array()).toEqual(await first(x).array())
})
