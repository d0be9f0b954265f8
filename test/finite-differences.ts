import { expect } from 'vitest'
import { fromHost, record, recordAll, type Tensor } from '../src/engine/tensor.ts'
import type { Attributes } from '../src/ir/attributes.ts'
import type { Operation } from '../src/ir/operation.ts'
import { add } from '../src/ops/elementwise/add.ts'
import { mul } from '../src/ops/elementwise/mul.ts'
import { sum } from '../src/ops/reduction/sum.ts'
import { isFloating } from '../src/tensor/dtype.ts'
import { fromValues } from '../src/tensor/from-values.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { sizeOf } from '../src/tensor/shape.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'

/** Numbers without a pattern that an error could hide in, between `low` and `high`. */
export function wave(shape: readonly number[], low = -1, high = 1, phase = 0): HostArray {
  const values = Array.from(
    { length: sizeOf(shape) },
    (_, i) => (Math.sin(1.7 * i * i + 2.3 * i + phase) + 1) / 2,
  )
  return fromValues(
    'float32',
    shape,
    values.map((value) => low + (high - low) * value),
  )
}

/** How slopes are taken: over which distance, and of how many of the outputs, from the first. */
export interface Differences {
  readonly step?: number
  readonly counted?: number
}

/**
 * Expects the gradients of an operation's floating inputs to be the slopes of a weighted sum of its outputs, by central differences.
 * @param wanted which inputs; default all that are floating
 */
export async function expectSlopes<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (HostArray | null)[],
  attrs: A,
  wanted: readonly number[] = inputs.flatMap((array, i) => (array && isFloating(array.dtype) ? [i] : [])),
  { step = 1e-2, counted = Number.POSITIVE_INFINITY }: Differences = {},
): Promise<void> {
  const tensors = inputs.map((array) => array && fromHost(array))
  for (const i of wanted) {
    const tensor = tensors[i]
    if (tensor) tensor.requiresGrad = true
  }
  weightedSum(op, tensors, attrs, counted).backward()
  for (const i of wanted) {
    const grad = tensors[i]?.grad
    expect(grad, `gradient of input ${i}`).toBeDefined()
    const found = grad ? Array.from(toFloat32(await grad.array())) : []
    const expected = await slopesAt(op, inputs, attrs, i, { step, counted })
    for (const [at, slope] of expected.entries()) {
      expect(found[at], `gradient of input ${i} at ${at}`).toBeCloseTo(slope, 2)
    }
  }
}

async function slopesAt<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (HostArray | null)[],
  attrs: A,
  at: number,
  { step, counted }: Required<Differences>,
): Promise<number[]> {
  const array = inputs[at]
  if (!array) return []
  const values = Array.from(toFloat32(array))
  const moved = (place: number, by: number) => {
    const changed = values.with(place, (values[place] ?? 0) + by)
    const tensors = inputs.map((input, i) =>
      i === at ? fromHost(fromValues('float32', array.shape, changed)) : input && fromHost(input),
    )
    return weightedSum(op, tensors, attrs, counted).item()
  }
  const slopes = []
  for (const place of values.keys()) {
    slopes.push(((await moved(place, step)) - (await moved(place, -step))) / (2 * step))
  }
  return slopes
}

function weightedSum<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Tensor | null)[],
  attrs: A,
  counted: number,
): Tensor {
  const terms = recordAll(op, inputs, attrs).flatMap((output, i) => {
    if (!isFloating(output.dtype) || i >= counted) return []
    const weights = fromHost(wave(output.shape, -1, 1, 0.5 + i))
    return [record(sum, [record(mul, [output, weights], {})], { dim: null, keepdim: false })]
  })
  return terms.reduce((total, term) => record(add, [total, term], { alpha: 1 }))
}
