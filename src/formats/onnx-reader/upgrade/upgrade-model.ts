import type { GraphProto, ModelProto, NodeProto } from '../../../codec/onnx.ts'
import { graphsOf } from '../graph-walk.ts'
import { graphOf } from '../read-model.ts'
import { Tensors } from './tensors.ts'
import { UPGRADES } from './upgrades.ts'

/** The opset whose forms all models are brought to. */
const UPGRADED_OPSET = 21

/**
 * Rewrites the nodes of a model of an older opset in the form of a newer one: what were attributes become inputs, and operators that are gone become those
 * that took their place. A Softmax that takes all from its axis on as one dimension is marked, since that form depends on ranks.
 */
export function upgradeModel(model: ModelProto, opset: number): void {
  const graph = graphOf(model)
  if (opset < UPGRADED_OPSET) upgradeGraph(graph, opset, new Tensors(graph))
}

function upgradeGraph(graph: GraphProto, opset: number, tensors: Tensors): void {
  for (const node of graph.node) {
    for (const inner of graphsOf(node)) upgradeGraph(inner, opset, tensors)
    if (node.domain === '' || node.domain === 'ai.onnx') upgradeNode(node, opset, tensors)
  }
}

function upgradeNode(node: NodeProto, opset: number, tensors: Tensors): void {
  for (const { until, types, rewrite } of UPGRADES)
    if (opset < until && types.includes(node.opType)) rewrite(node, tensors, opset)
}
