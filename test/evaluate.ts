import { afterAll } from 'vitest'
import { recorder } from '../src/engine/recorder.ts'
import { fromHost, record, type Tensor } from '../src/engine/tensor.ts'
import type { Attributes } from '../src/ir/attributes.ts'
import type { Operation } from '../src/ir/operation.ts'
import { fromValues } from '../src/tensor/from-values.ts'
import { toFloat32 } from '../src/tensor/to-float32.ts'

afterAll(() => recorder.device.close())

/** A tensor of numbers: a rank-1 float32 one unless said otherwise. */
export function tensor(
  values: readonly number[],
  shape: readonly number[] = [values.length],
  dtype: Tensor['dtype'] = 'float32',
): Tensor {
  return fromHost(fromValues(dtype, shape, values))
}

/** Elements of a tensor as numbers. */
export async function numbers(of: Tensor): Promise<number[]> {
  return Array.from(toFloat32(await of.array()))
}

/** Elements of an operation's first output. */
export async function evaluate<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Tensor | null)[],
  attrs: A,
): Promise<number[]> {
  return numbers(record(op, inputs, attrs))
}

/** Slopes of an operation that treats every element alike, by central differences. */
export async function slopes<A extends Attributes>(
  op: Operation<A>,
  at: readonly number[],
  attrs: A,
  step = 1e-2,
): Promise<number[]> {
  const after = await evaluate(op, [tensor(at.map((x) => x + step))], attrs)
  const before = await evaluate(op, [tensor(at.map((x) => x - step))], attrs)
  return after.map((value, i) => (value - (before[i] ?? 0)) / (2 * step))
}

/** Gradients that the sum of an operation's outputs leaves at its floating inputs. */
export async function gradientsOf<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly Tensor[],
  attrs: A,
  seed?: readonly number[],
): Promise<number[][]> {
  for (const input of inputs) if (input.dtype === 'float32') input.requiresGrad = true
  const output = record(op, inputs, attrs)
  output.backward(tensor(seed ?? new Array(output.shape.reduce((a, b) => a * b, 1)).fill(1), output.shape))
  return Promise.all(inputs.map(async ({ grad }) => (grad === null ? [] : numbers(grad))))
}
