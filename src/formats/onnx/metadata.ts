import { create } from '@bufbuild/protobuf'
import { type ModelProto, StringStringEntryProtoSchema } from '../../codec/onnx.ts'
import type { GraphInput } from '../../ir/graph.ts'
import type { Node } from '../../ir/node.ts'
import { dequantize } from '../../ops/quantization/quantize.ts'
import { version } from '../version.ts'

/** How one tensor of a model is quantized. */
export interface QuantizedTensorRecipe {
  /** Path of the quantized weight, or name of the node whose input is quantized. */
  readonly tensor: string
  /** Path of the module that it belongs to; '' for the whole model, or where that is not known. */
  readonly module: string
  readonly dtype: string
  /** The axis along which scales differ; null for one scale. */
  readonly axis: number | null
  readonly blockSize: number | null
}

/** Writes into a model what made it, and under `lowbit.recipe`, as JSON, how each tensor is quantized. */
export function describeModel(
  model: ModelProto,
  nodes: readonly Node[],
  states: readonly GraphInput[],
): void {
  model.producerVersion = version
  const entries = { 'lowbit.version': version, 'lowbit.recipe': JSON.stringify(recipeOf(nodes, states)) }
  model.metadataProps = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  )
}

function recipeOf(nodes: readonly Node[], states: readonly GraphInput[]): QuantizedTensorRecipe[] {
  const names = new Map(states.map(({ value, name }) => [value, name]))
  return nodes.flatMap((node) => {
    const [first] = node.inputs
    return recipeEntry(node, (first && names.get(first)) ?? node.name) ?? []
  })
}

/** How the tensor that a node dequantizes is quantized; undefined for another node. */
export function recipeEntry(
  { op, inputs, attrs, scope }: Node,
  tensor: string,
): QuantizedTensorRecipe | undefined {
  const [first] = inputs
  if (op.name !== dequantize.name || !first) return undefined
  const [axis, blockSize] = [numberOf(attrs.axis), numberOf(attrs.blockSize)]
  return { tensor, module: scope?.path ?? '', dtype: first.dtype, axis, blockSize }
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}
