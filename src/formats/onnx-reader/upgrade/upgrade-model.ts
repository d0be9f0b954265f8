import type { GraphProto, ModelProto, NodeProto } from '../../../codec/onnx.ts'
import { graphsOf } from '../graph-walk.ts'
import { graphOf, opsetOf } from '../read-model.ts'
import { Tensors } from './tensors.ts'
import { UPGRADES } from './upgrades.ts'

/** The opset whose forms all models are brought to when they are read. */
const READ_OPSET = 21

/**
 * Rewrites the nodes of a model in the form of a newer opset: what were attributes become inputs, and operators that are gone become those that took
 * their place. A Softmax that takes all from its axis on as one dimension is marked, since that form depends on ranks.
 */
export function upgradeModel(model: ModelProto, to: number = READ_OPSET): void {
  const [graph, opset] = [graphOf(model), opsetOf(model)]
  if (opset < to) upgradeGraph(graph, [opset, to], new Tensors(graph))
}

function upgradeGraph(graph: GraphProto, opsets: readonly [number, number], tensors: Tensors): void {
  for (const node of graph.node) {
    for (const inner of graphsOf(node)) upgradeGraph(inner, opsets, tensors)
    if (node.domain === '' || node.domain === 'ai.onnx') upgradeNode(node, opsets, tensors)
  }
}

function upgradeNode(node: NodeProto, [from, to]: readonly [number, number], tensors: Tensors): void {
  for (const { until, types, rewrite } of UPGRADES)
    if (from < until && until <= to && types.includes(node.opType)) rewrite(node, tensors, from)
}
