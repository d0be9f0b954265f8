import * as node from 'onnxruntime-node'
import { describe, test } from 'vitest'
import { operations } from '../src/ops/index.ts'
import { expectDirectionalSlopes } from './directional-slopes.ts'
import { expectGolden, goldenRow, rowsOf } from './golden-row.ts'
import { withLowered } from './run-lowered.ts'

/** Rows whose slopes are no matter of their gradients, and why. Each operation has rows besides. */
const WITHOUT_SLOPES: ReadonlyMap<string, string> = new Map([
  ['aten.embedding: the padding row gets no gradient', 'the row has a slope all the same'],
  ['aten.log: a large range', 'no step fits values from near 0 to 1000'],
  ['aten.reciprocal: a large range', 'no step fits values from near 0 to 1000'],
  ['aten.to: float32 to float16', 'the steps of float16 are larger'],
  ['aten.to: float32 to bfloat16', 'the steps of bfloat16 are larger'],
])

describe('operations lowered for an engine without capabilities', () => {
  for (const op of operations) {
    const rows = rowsOf(op)
    if (rows.length === 0) continue
    test(`${op.name} agrees with PyTorch, and its gradients with finite differences`, async () => {
      for (const golden of rows) {
        const row = goldenRow(op, golden)
        await withLowered(node, row.request, row.feeds, async (run) => {
          const results = await run(row.feeds)
          expectGolden(row, results)
          const isSmooth = !golden.nonsmooth && !WITHOUT_SLOPES.has(`${op.name}: ${golden.name}`)
          if (isSmooth) await expectDirectionalSlopes(row, results, run)
        })
      }
    })
  }
})
