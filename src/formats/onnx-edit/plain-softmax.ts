import { create } from '@bufbuild/protobuf'
import { type GraphProto, type NodeProto, NodeProtoSchema } from '../../codec/onnx.ts'
import { attributeProto } from '../../lowering/attribute-proto.ts'
import { graphsOf } from '../onnx-reader/graph-walk.ts'
import { COERCED } from '../onnx-reader/upgrade/coerced.ts'
import type { FreshNames } from './fresh-names.ts'

/**
 * Writes every Softmax that takes all from its axis on as one dimension, as opsets before 13 had it, as one over the last dimension of a matrix; one
 * whose axis is the last stays.
 * @param rankOf number of dimensions of a value where it is known
 */
export function writePlainSoftmax(
  graph: GraphProto,
  rankOf: (name: string) => number | undefined,
  fresh: FreshNames,
): void {
  graph.node = graph.node.flatMap((node) => {
    for (const inner of graphsOf(node)) writePlainSoftmax(inner, rankOf, fresh)
    const mark = node.attribute.findIndex(({ name }) => name === COERCED)
    if (mark < 0) return [node]
    node.attribute.splice(mark, 1)
    const at = node.attribute.findIndex(({ name }) => name === 'axis')
    const axis = Number(node.attribute[at]?.i ?? 1n)
    const rank = rankOf(node.output[0] ?? '')
    if (axis === -1 || axis + 1 === rank) return [node]
    node.attribute.splice(at, 1, attributeProto('axis', -1))
    return asMatrix(node, axis, fresh)
  })
}

function asMatrix(node: NodeProto, axis: number, fresh: FreshNames): NodeProto[] {
  const [x = ''] = node.input
  const [y = ''] = node.output
  const [shape, rows, result] = ['shape', 'rows', 'normalized'].map((part) => fresh.like(`${y}_${part}`))
  if (shape === undefined || rows === undefined || result === undefined) return [node]
  const make = (opType: string, input: string[], output: string, attribute: NodeProto['attribute'] = []) =>
    create(NodeProtoSchema, { opType, name: `${output}_${opType}`, input, output: [output], attribute })
  node.input = [rows]
  node.output = [result]
  return [
    make('Shape', [x], shape),
    make('Flatten', [x], rows, [attributeProto('axis', axis)]),
    node,
    make('Reshape', [result, shape], y),
  ]
}
