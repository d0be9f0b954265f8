import { Graph } from '../ir/graph.ts'
import { type Value, withInputs } from '../ir/node.ts'
import { Container, getMember, setMember } from './container.ts'
import { GraphModule } from './graph-module.ts'
import { statePaths } from './model-layout.ts'
import type { OutputTree } from './output-tree.ts'

/**
 * A graph module with a graph of its own, which can be rewritten, and the same parameters, buffers and submodules. Training or not is
 * taken over.
 */
export function copyGraphModule(module: GraphModule): GraphModule {
  return moduleOf(module, copyGraph(module.graph), module.outputTree)
}

/** A graph module that gives values of its graph, one after the other, in place of its outputs; all else is shared. */
export function withOutputs(module: GraphModule, outputs: readonly Value[]): GraphModule {
  const { inputs, nodes } = module.graph
  return moduleOf(
    module,
    new Graph(inputs, nodes, outputs),
    outputs.map((_, i) => i),
  )
}

/** A module around another graph, with the parameters, buffers and submodules of a module. */
function moduleOf(module: GraphModule, graph: Graph, outputTree: OutputTree): GraphModule {
  const { inputTrees: inputs, layout, sizeRanges } = module
  const options = {
    ...(inputs === undefined ? {} : { inputs }),
    ...(layout === undefined ? {} : { layout }),
    ...(sizeRanges === undefined ? {} : { sizeRanges }),
  }
  const copy = new GraphModule(graph, outputTree, options)
  for (const [path, child] of module.namedChildren())
    if (!(child instanceof Container)) setMember(copy, path, child)
  for (const [state, paths] of statePaths(module)) {
    for (const path of paths) if (getMember(copy, path) === undefined) setMember(copy, path, state)
  }
  copy.training = module.training
  return copy
}

/** A graph with nodes of its own, under the same names. */
export function copyGraph(graph: Graph): Graph {
  const copies = new Map<Value, Value>()
  const at = (value: Value): Value => copies.get(value) ?? value
  const nodes = graph.nodes.map((node) => {
    const inputs = node.inputs.map((input) => (input === null ? null : at(input)))
    const copy = withInputs(node, inputs)
    copy.outputs.forEach((value, i) => {
      const output = node.outputs[i]
      if (output !== undefined) copies.set(output, value)
    })
    return copy
  })
  return new Graph(graph.inputs, nodes, graph.outputs.map(at))
}
