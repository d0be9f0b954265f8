import * as web from 'onnxruntime-web/wasm'
import { beforeAll, describe, test } from 'vitest'
import { probeCapabilities } from '../src/engine/probe.ts'
import type { Capability } from '../src/ir/emitter.ts'
import { operations } from '../src/ops/index.ts'
import { expectGolden, goldenRow, rowsOf } from './golden-row.ts'
import { withLowered } from './run-lowered.ts'

web.env.wasm.numThreads = 1
const capabilities = new Set<Capability>()

beforeAll(async () => {
  for (const name of await probeCapabilities(web)) capabilities.add(name as Capability)
})

describe("operations lowered for the web's engine", () => {
  for (const op of operations) {
    const rows = rowsOf(op)
    if (rows.length === 0) continue
    test(`${op.name} agrees with PyTorch on onnxruntime-web's WASM build`, async () => {
      for (const golden of rows) {
        const row = goldenRow(op, golden)
        const request = { ...row.request, capabilities }
        await withLowered(web, request, row.feeds, async (run) => expectGolden(row, await run(row.feeds)))
      }
    })
  }
})
