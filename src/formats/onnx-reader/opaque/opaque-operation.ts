import { create, toBinary } from '@bufbuild/protobuf'
import { AttributeProtoSchema, type GraphProto, type NodeProto } from '../../../codec/onnx.ts'
import type { Dims } from '../../../ir/dim.ts'
import type { OnnxAttribute } from '../../../ir/emitter.ts'
import type { Operation, QuantizationFacts, TensorType } from '../../../ir/operation.ts'
import { carrierOf } from '../../../lowering/onnx-dtype.ts'
import { defineOp } from '../../../ops/define-op.ts'
import type { DType } from '../../../tensor/dtype.ts'
import { renameGraph } from './rename-graph.ts'

/** Which node of which file it is, and the types that its outputs have for the sizes of the call. */
export type OpaqueAttributes = {
  readonly id: string
  readonly shapes: readonly Dims[]
  readonly dtypes: readonly DType[]
}

let lastId = 0

/** What an opaque node reads: its own inputs, '' for absent ones, then what the graphs inside it take from outside. */
export interface OpaqueReads {
  readonly inputs: readonly string[]
  readonly captured: readonly string[]
}

/**
 * An operation that is a node of a file as it stands: it runs, has no gradient, and is not quantized. Its inputs are the node's, then what the
 * graphs inside it read.
 */
export function opaqueOperation(
  node: NodeProto,
  reads: OpaqueReads,
  quantization?: QuantizationFacts,
): Operation<OpaqueAttributes> {
  const prefix = `g${++lastId}_`
  return defineOp<OpaqueAttributes>({
    name: `onnx.${node.domain === '' ? '' : `${node.domain}.`}${node.opType}`,
    infer: (_, { shapes, dtypes }) =>
      shapes.map((shape, i): TensorType => ({ shape, dtype: dtypes[i] ?? 'float32' })),
    gradient: 'none',
    lower(e, { attrs: { dtypes } }) {
      const own = e.inputs.slice(0, reads.inputs.length)
      const names = new Map(reads.captured.map((name, i) => [name, e.inputs[reads.inputs.length + i] ?? '']))
      const attributes = encodedAttributes(node, (graph) => renameGraph(graph, names, prefix))
      const outputs = e.ops(
        node.opType,
        own,
        node.output.map((name) => name !== ''),
        attributes,
        node.domain,
      )
      return outputs.map((name, i) => {
        const dtype = dtypes[i] ?? 'float32'
        return name === '' || carrierOf(dtype) === dtype || carrierOf(dtype) === 'float32'
          ? name
          : e.cast(name, dtype)
      })
    },
    ...(quantization === undefined ? {} : { quantization }),
  })
}

/** Attributes of an opaque node that tell it from every other. */
export function opaqueAttributes(node: NodeProto, types: readonly TensorType[]): OpaqueAttributes {
  const bytes = node.attribute.map((attribute) => toBinary(AttributeProtoSchema, attribute))
  const size = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const id = size <= 256 ? bytes.map((part) => Array.from(part).join()).join(';') : `#${++lastId}`
  return { id, shapes: types.map(({ shape }) => shape), dtypes: types.map(({ dtype }) => dtype) }
}

function encodedAttributes(
  node: NodeProto,
  rename: (graph: GraphProto) => GraphProto,
): Record<string, OnnxAttribute> {
  const entries = node.attribute.map((attribute): [string, OnnxAttribute] => {
    const { g, graphs } = attribute
    const own =
      g === undefined && graphs.length === 0
        ? attribute
        : create(AttributeProtoSchema, {
            ...attribute,
            ...(g === undefined ? {} : { g: rename(g) }),
            graphs: graphs.map(rename),
          })
    return [attribute.name, { encoded: toBinary(AttributeProtoSchema, own) }]
  })
  return Object.fromEntries(entries)
}
