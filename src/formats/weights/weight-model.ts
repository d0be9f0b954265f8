import { create } from '@bufbuild/protobuf'
import {
  type GraphProto,
  type ModelProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  ValueInfoProtoSchema,
} from '../../codec/onnx.ts'
import type { GraphInput } from '../../ir/graph.ts'
import { Node, Value } from '../../ir/node.ts'
import { lowerGraph } from '../../lowering/lower-graph.ts'
import { tensorProto } from '../../lowering/model-builder.ts'
import { onnxType } from '../../lowering/onnx-dtype.ts'
import { dequantize } from '../../ops/quantization/quantize.ts'
import type { DType } from '../../tensor/dtype.ts'
import { describeModel } from '../onnx/metadata.ts'
import { declareOpset } from '../onnx/opset.ts'
import type { PlannedWeight } from './weight-plan.ts'

/** Where tensors begin in the data file. */
const DATA_ALIGNMENT = 64

/** A tensor of the data file. */
interface PlacedTensor {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly offset: number
  readonly sizeBytes: number
}

/** A weight, and its tensors in the order in which the data file has them: itself, or its codes and their scales. */
export interface PlacedWeight {
  readonly weight: PlannedWeight
  readonly tensors: readonly PlacedTensor[]
}

/** Places the tensors of all weights in a data file. */
export function placeWeights(plan: readonly PlannedWeight[]): PlacedWeight[] {
  let end = 0
  const place = (name: string, dtype: DType, shape: readonly number[], sizeBytes: number): PlacedTensor => {
    const offset = Math.ceil(end / DATA_ALIGNMENT) * DATA_ALIGNMENT
    end = offset + sizeBytes
    return { name, dtype, shape, offset, sizeBytes }
  }
  return plan.map((weight) => {
    const { entry, quantized } = weight
    if (quantized === null)
      return {
        weight,
        tensors: [place(`${entry.name}.stored`, entry.dtype, entry.shape, entry.end - entry.begin)],
      }
    const { dtype, codeBytes, scaleShape } = quantized
    const scaleBytes = scaleShape.reduce((product, size) => product * size, 4)
    const codes = place(`${entry.name}.quantized`, dtype, entry.shape, codeBytes)
    return { weight, tensors: [codes, place(`${entry.name}.scale`, 'float32', scaleShape, scaleBytes)] }
  })
}

/** Size of the data file. */
export function dataBytes(plan: readonly PlacedWeight[]): number {
  const last = plan.at(-1)?.tensors.at(-1)
  return last === undefined ? 0 : last.offset + last.sizeBytes
}

/** A model that dequantizes weights: it has no inputs, and an output for each tensor. */
export function weightModel(placed: readonly PlacedWeight[], dataName: string): ModelProto {
  const states: GraphInput[] = []
  const nodes: Node[] = []
  const outputs = placed.flatMap(({ weight: { entry, quantized }, tensors }) => {
    if (quantized === null) return []
    const values = tensors.map(({ name, dtype, shape }) => {
      const value = new Value({ shape, dtype })
      states.push({ value, name, kind: 'state' })
      return value
    })
    const axis = quantized.blockSize === null ? 0 : entry.shape.length - 1
    const node = new Node(dequantize, values, { axis, blockSize: quantized.blockSize })
    node.name = entry.name
    nodes.push(node)
    return node.outputs.map((value) => ({ value, name: entry.name }))
  })
  const model = lowerGraph({
    inputs: [],
    constants: states.map(({ value, name }) => ({ value, name })),
    nodes,
    outputs,
  })
  if (model.graph !== undefined) passOn(model.graph, placed)
  model.graph?.initializer.push(
    ...placed.flatMap(({ tensors }) => tensors.map((tensor) => external(tensor, dataName))),
  )
  declareOpset(model, undefined)
  describeModel(model, nodes, states)
  return model
}

/** Gives out tensors that are copied as they are. */
function passOn(graph: GraphProto, placed: readonly PlacedWeight[]): void {
  for (const { weight, tensors } of placed) {
    const { name, dtype, shape } = weight.entry
    if (weight.quantized !== null) continue
    const input = tensors.map((tensor) => tensor.name)
    graph.node.push(
      create(NodeProtoSchema, { opType: 'Identity', name: `copy.${name}`, input, output: [name] }),
    )
    const dim = shape.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } }))
    const tensorType = { elemType: onnxType(dtype), shape: { dim } }
    graph.output.push(
      create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensorType } } }),
    )
  }
}

function external({ name, dtype, shape, offset, sizeBytes }: PlacedTensor, location: string): TensorProto {
  const tensor = tensorProto(name, dtype, shape, new Uint8Array())
  const entries = { location, offset: String(offset), length: String(sizeBytes) }
  tensor.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  )
  tensor.dataLocation = TensorProto_DataLocation.EXTERNAL
  return tensor
}
