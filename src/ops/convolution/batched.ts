import type { Dims } from '../../ir/dim.ts'
import type { Emitter } from '../../ir/emitter.ts'
import type { MilEmitter, MilValue } from '../../ir/mil-emitter.ts'
import { formatType, type Node, type Value } from '../../ir/node.ts'
import type { TensorType } from '../../ir/operation.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { floatingAt } from '../inference.ts'
import { reshaped } from '../shape/reshape.ts'

// Convolutions and pools of ATen take [N, C, ...] as well as one example [C, ...]. They compute on batches, so that one is a batch of 1.

/**
 * Types of the inputs with the first one as a batch, and whether it was none.
 * @throws ShapeError when it has another rank than `spatial` dimensions ask for
 * @throws TypeError when it is no floating-point tensor
 */
export function batchedTypes(
  op: string,
  inputs: readonly (TensorType | null)[],
  spatial: number,
): { types: readonly (TensorType | null)[]; isSingle: boolean } {
  const type = floatingAt(op, inputs, 0)
  const { length } = type.shape
  if (length === spatial + 2) return { types: inputs, isSingle: false }
  if (length !== spatial + 1) {
    throw new ShapeError(
      `Cannot record "${op}": expected rank ${spatial + 2} or ${spatial + 1}, got ${formatType(type)}`,
    )
  }
  return { types: [{ shape: [1, ...type.shape], dtype: type.dtype }, ...inputs.slice(1)], isSingle: true }
}

/** A result of `batchedTypes` as it is for the inputs as they were given. */
export function resultType({ shape, dtype }: TensorType, isSingle: boolean): TensorType {
  return { shape: isSingle ? shape.slice(1) : shape, dtype }
}

/** Data as a batch. */
export function asBatch(value: Value, spatial: number): Value {
  return value.shape.length === spatial + 1 ? reshaped(value, [1, ...value.shape]) : value
}

/** Shapes of the first input and the first output as batches. */
export function batchDims({ inputs: [x], outputs: [y] }: Node, spatial: number): { x: Dims; y: Dims } {
  const ahead = x?.shape.length === spatial + 1 ? [1] : []
  return { x: [...ahead, ...(x?.shape ?? [])], y: [...ahead, ...(y?.shape ?? [])] }
}

/** Lowers what computes on a batch for data that may be one example. */
export function lowerAsBatch(
  e: Emitter,
  { inputs: [x], outputs: [y] }: Node,
  spatial: number,
  write: (x: string) => string,
): string {
  const name = e.inputs[0] ?? ''
  if (!x || !y || x.shape.length !== spatial + 1) return write(name)
  const result = write(e.op('Unsqueeze', [name, e.ints([0])]))
  return e.op('Squeeze', [result, e.ints([0])])
}

/** The same for an ML program; `write` is given the batch and the shape of its result. */
export function milAsBatch(
  e: MilEmitter,
  node: Node,
  spatial: number,
  write: (x: MilValue, shape: Dims) => MilValue,
): MilValue {
  const { x, y } = batchDims(node, spatial)
  return e.reshape(write(e.reshape(e.input(0), x), y), node.outputs[0]?.shape ?? y)
}
