import { noGrad } from '../engine/recorder.ts'
import { type Tensor, tensorsIn } from '../engine/tensor.ts'
import type { Value } from '../ir/node.ts'
import { getMember } from '../nn/container.ts'
import { withOutputs } from '../nn/copy-graph-module.ts'
import type { GraphModule } from '../nn/graph-module.ts'
import { leafPaths } from '../nn/output-tree.ts'
import { Buffer } from '../nn/parameter.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { toFloat32 } from '../tensor/to-float32.ts'

/** How far an output of an exported model is from that of its fake-quantized form. */
export interface Agreement {
  /** Name of the output, or of the quantizer. */
  readonly name: string
  readonly largestDifference: number
  readonly meanDifference: number
  /** Signal to noise ratio in decibels; infinite where all numbers are equal. */
  readonly sqnrDb: number
  /** The largest difference in steps of the quantizer that makes the output; null where none makes it. */
  readonly largestInSteps: number | null
}

/** Runs an exported model on one complete set of inputs, and gives its outputs in order. */
export type ExportRunner = (inputs: readonly Tensor[]) => Promise<readonly HostArray[]>

/**
 * Tells how far an exported model, as its runtime runs it, is from its fake-quantized form: for each output over all batches.
 *
 * @param reference the prepared model, or what `finalize` gives for `_TORCH`
 * @param exported what `finalize` gave for the backend: says which quantizers make the outputs
 * @param run runs what was exported, such as `onnxRunner(exported)`
 * @throws RangeError when there is no batch, or the numbers of outputs or elements differ
 */
export async function compareExport(
  reference: GraphModule,
  exported: GraphModule,
  run: ExportRunner,
  batches: Iterable<readonly Tensor[]> | AsyncIterable<readonly Tensor[]>,
): Promise<Agreement[]> {
  const expect: ExportRunner = async (batch) => {
    const results = [...tensorsIn(noGrad(() => reference(...batch)))]
    return Promise.all(results.map((result) => result.array()))
  }
  return compareExportRuns(expect, exported, run, batches)
}

/** The same, with what runs the fake-quantized form. @throws RangeError as `compareExport` does */
export async function compareExportRuns(
  expect: ExportRunner,
  exported: GraphModule,
  run: ExportRunner,
  batches: Iterable<readonly Tensor[]> | AsyncIterable<readonly Tensor[]>,
): Promise<Agreement[]> {
  const names = leafPaths(exported.outputTree, 'output')
  const agreements = await compareRuns(names, expect, run, batches)
  const steps = await Promise.all(exported.graph.outputs.map((value) => stepOf(exported, value)))
  return agreements.map((agreement, i) => {
    const step = steps[i] ?? null
    return { ...agreement, largestInSteps: step === null ? null : agreement.largestDifference / step }
  })
}

/**
 * Tells how far what one runner makes is from what another makes of the same inputs: for each output over all batches.
 * @param names what the outputs are called, in order
 * @throws RangeError when there is no batch, or the numbers of outputs or elements differ
 */
export async function compareRuns(
  names: readonly string[],
  expect: ExportRunner,
  run: ExportRunner,
  batches: Iterable<readonly Tensor[]> | AsyncIterable<readonly Tensor[]>,
): Promise<Agreement[]> {
  const differences = names.map(() => new Differences())
  for await (const batch of batches) {
    const expected = await expect(batch)
    const got = await run(batch)
    for (const [i, each] of differences.entries()) {
      const [theirs, own] = [expected[i], got[i]]
      if (theirs === undefined || own === undefined)
        throw new RangeError(
          `Cannot compare an export: expected ${names.length} outputs, got ${Math.min(expected.length, got.length)}`,
        )
      each.add(toFloat32(theirs), toFloat32(own))
    }
  }
  return differences.map((each, i) => each.agreement(names[i] ?? ''))
}

/**
 * Tells where an exported model, as its runtime runs it, parts from its fake-quantized form: for the result of each quantizer of an activation over all batches,
 * in order. The runtime gives all of them as outputs, so it fuses less than it does otherwise.
 *
 * @param reference the prepared model
 * @param exported what `finalize` gave for the backend
 * @param makeRunner makes what runs a model, such as `onnxRunner`
 * @returns what `compareExport` gives, under the names of the quantizers
 * @throws RangeError as `compareExport` does, and when no activation is quantized
 */
export async function compareLayers(
  reference: GraphModule,
  exported: GraphModule,
  makeRunner: (model: GraphModule) => Promise<ExportRunner>,
  batches: Iterable<readonly Tensor[]> | AsyncIterable<readonly Tensor[]>,
): Promise<Agreement[]> {
  const places = quantizerPlaces(reference, exported)
  if (places.length === 0)
    throw new RangeError('Cannot compare layers: expected activations that are quantized, got none')
  const expected = withOutputs(
    reference,
    places.map(({ expected }) => expected),
  )
  const got = withOutputs(
    exported,
    places.map(({ got }) => got),
  )
  const agreements = await compareExport(expected, got, await makeRunner(got), batches)
  return agreements.map((agreement, i) => ({ ...agreement, name: places[i]?.name ?? agreement.name }))
}

/** The results of quantizers in both forms: their scales have the names of the fake quantizers that they were. */
function quantizerPlaces(
  reference: GraphModule,
  exported: GraphModule,
): { readonly name: string; readonly expected: Value; readonly got: Value }[] {
  const before = new Map(reference.graph.nodes.map((node) => [node.name, node]))
  const states = new Map(exported.graph.inputs.map(({ value, name }) => [value, name]))
  return exported.graph.nodes.flatMap((node) => {
    const [got] = node.outputs
    const [, scale] = node.inputs
    const name = (scale && states.get(scale))?.replace(/_scale$/, '') ?? ''
    const [expected] = before.get(name)?.outputs ?? []
    const isQuantizer = node.op.name.endsWith('.dequantize')
    return isQuantizer && expected !== undefined && got !== undefined ? [{ name, expected, got }] : []
  })
}

/** Sums over pairs of numbers. */
class Differences {
  #count = 0
  #largest = 0
  #sum = 0
  #signal = 0
  #noise = 0

  add(expected: Float32Array, got: Float32Array): void {
    if (expected.length !== got.length)
      throw new RangeError(
        `Cannot compare an export: expected ${expected.length} elements, got ${got.length}`,
      )
    for (let i = 0; i < expected.length; i++) {
      const value = expected[i] ?? 0
      const difference = Math.abs(value - (got[i] ?? 0))
      this.#largest = Math.max(this.#largest, difference)
      this.#sum += difference
      this.#signal += value * value
      this.#noise += difference * difference
    }
    this.#count += expected.length
  }

  agreement(name: string): Agreement {
    if (this.#count === 0)
      throw new RangeError('Cannot compare an export: expected at least one batch, got none')
    return {
      name,
      largestDifference: this.#largest,
      meanDifference: this.#sum / this.#count,
      sqnrDb: this.#noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(this.#signal / this.#noise),
      largestInSteps: null,
    }
  }
}

/** The largest step of the dequantize that makes a value; null where none does. */
async function stepOf(module: GraphModule, { node }: Value): Promise<number | null> {
  if (node === null || !node.op.name.endsWith('.dequantize')) return null
  const input = module.graph.inputs.find(({ value }) => value === node.inputs[1])
  const scale = input && getMember(module, input.name)
  return scale instanceof Buffer ? toFloat32(await scale.array()).reduce((a, b) => Math.max(a, b), 0) : null
}
