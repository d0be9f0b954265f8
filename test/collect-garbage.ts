// Runs in a process of its own, with --expose-gc: makes tensors, forgets them, and counts what the engine was told to free.
import './setup.ts'
import { recorder } from '../src/engine/recorder.ts'
import { valuesOf, vector } from './tensors.ts'

const MADE = 200
const send = recorder.device.send.bind(recorder.device)
let freed = 0
recorder.device.send = (request, transfer) => {
  if (request.kind === 'free') freed += request.storages.length
  send(request, transfer)
}

const kept = vector(2, 2).add(3)
for (let i = 0; i < MADE; i++) await vector(i, i).mul(2).realize()
for (let round = 0; round < 5; round++) {
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 20))
  await vector(0).mul(2).realize()
}
process.stdout.write(JSON.stringify({ made: MADE, freed, kept: await valuesOf(kept) }))
await recorder.close()
