import * as node from 'onnxruntime-node'
import * as web from 'onnxruntime-web/wasm'
import { describe, expect, test } from 'vitest'
import { probeCapabilities } from '../src/engine/probe.ts'
import type { Capability } from '../src/ir/emitter.ts'
import { collectNodes } from '../src/ir/graph.ts'
import { emitAll, Value } from '../src/ir/node.ts'
import { operations } from '../src/ops/index.ts'
import { type QuantizationRow, quantizationRows } from './quantization-rows.ts'
import { type OnnxRuntime, withLowered } from './run-lowered.ts'

web.env.wasm.numThreads = 1
const RUNTIMES: readonly (readonly [string, OnnxRuntime])[] = [
  ['onnxruntime-node', node],
  ['onnxruntime-web', web],
]

describe.each(RUNTIMES)('operations of quantization on %s', (_name, runtime) => {
  test.each(quantizationRows.map((row) => [row.op, row] as const))(
    '%s gives what it does by hand',
    async (_op, row) => {
      const found = await probeCapabilities(runtime as typeof web)
      for (const capabilities of [new Set<Capability>(), new Set(found)])
        expect(await run(runtime, row, capabilities)).toEqual(row.outputs)
    },
  )
})

async function run(
  runtime: OnnxRuntime,
  { op: name, inputs, attrs }: QuantizationRow,
  capabilities: ReadonlySet<Capability>,
): Promise<number[][]> {
  const op = operations.find((operation) => operation.name === name)
  if (op === undefined)
    throw new RangeError(`Cannot run "${name}": expected an operation of that name, got none`)
  const values = inputs.map((array) => array && new Value(array))
  const results = emitAll(op, values, attrs)
  const given = inputs.flatMap((array, i) => {
    const value = values[i]
    return array && value ? [{ array, value, name: `i${i}` }] : []
  })
  const request = {
    inputs: given,
    nodes: collectNodes(results),
    outputs: results.map((value, i) => ({ value, name: `o${i}` })),
    capabilities,
  }
  const feeds = Object.fromEntries(given.map(({ name, array }) => [name, array]))
  return withLowered(runtime, request, feeds, async (call) => {
    const outputs = await call(feeds)
    return results.map((_, i) => (outputs[`o${i}`]?.values ?? []).map((x) => Number(x) + 0))
  })
}
