import type { Graph } from '../../ir/graph.ts'
import { GraphView, outputOf } from '../graph/graph-view.ts'
import type { PlacedCall } from '../graph/prepare.ts'
import type { FakeQuantizerReport } from './reports.ts'

/** What is told of the fake quantizers of a prepared graph, in the order in which they were numbered. */
export function reportFakeQuantizers(graph: Graph, placed: readonly PlacedCall[]): FakeQuantizerReport[] {
  const view = new GraphView(graph)
  const names = new Map<PlacedCall['fakeQuantize'], string[]>()
  for (const { fakeQuantize, node } of placed) {
    const known = names.get(fakeQuantize)
    if (known === undefined) names.set(fakeQuantize, [node.name])
    else known.push(node.name)
  }
  return placed.map(({ node, fakeQuantize, module }) => {
    const [source] = node.inputs
    return {
      name: node.name,
      fakeQuantize,
      sharedBy: names.get(fakeQuantize) ?? [],
      producer: source ? view.nameOf(source) : '',
      consumers: [
        ...view
          .users(outputOf(node))
          .flatMap((reader) =>
            reader.inputs.flatMap((input, i) =>
              input === outputOf(node) ? [{ node: reader.name, input: i }] : [],
            ),
          ),
        ...graph.outputs.flatMap((output, i) =>
          output === outputOf(node) ? [{ node: 'output', input: i }] : [],
        ),
      ],
      module,
      target: fakeQuantize.target,
      spec: fakeQuantize.spec,
      granularity: fakeQuantize.granularity,
    }
  })
}
