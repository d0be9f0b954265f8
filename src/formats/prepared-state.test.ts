import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { randn } from '../engine/create-tensors.ts'
import { closeEngine } from '../engine/engine.ts'
import { ReLU } from '../nn/layers/activations.ts'
import { Linear } from '../nn/layers/linear.ts'
import { Sequential } from '../nn/layers/sequential.ts'
import { stateDict } from '../nn/state-dict.ts'
import { loadSafetensors, saveStateDict } from '../nn/state-file.ts'
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
