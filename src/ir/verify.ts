import { symbolsOf } from './dim.ts'
import type { Graph } from './graph.ts'
import { formatType, type Node, typesEqual, type Value } from './node.ts'
import type { TensorType } from './operation.ts'

/** What is wrong, and with which input, node or output. */
interface Violation {
  readonly at: string
  readonly got: string
}

/** One condition that every graph fulfils. */
interface Rule {
  readonly id: string
  readonly expected: string
  violations(graph: Graph): Iterable<Violation>
}

/** The legality of graphs, one rule to a row; later rows rely on earlier ones. */
const RULES: readonly Rule[] = [
  {
    id: 'C1',
    expected: 'inputs that no node computes, each once',
    *violations(graph) {
      const seen = new Set<Value>()
      for (const { value, name } of graph.inputs) {
        if (value.node !== null) yield { at: name, got: `an output of "${labelOf(value.node)}"` }
        if (seen.has(value)) yield { at: name, got: 'the value of an earlier input' }
        seen.add(value)
      }
    },
  },
  {
    id: 'C2',
    expected: 'inputs and nodes with names of their own',
    *violations(graph) {
      const names = [...graph.inputs.map(({ name }) => name), ...graph.nodes.map(({ name }) => name)]
      const seen = new Set<string>()
      for (const name of names) {
        if (name !== '' && seen.has(name)) yield { at: name, got: 'a name that is taken' }
        seen.add(name)
      }
    },
  },
  {
    id: 'C3',
    expected: 'every node once',
    *violations(graph) {
      const seen = new Set<Node>()
      for (const node of graph.nodes) {
        if (seen.has(node)) yield { at: labelOf(node), got: 'it again' }
        seen.add(node)
      }
    },
  },
  {
    id: 'C4',
    expected: 'outputs that know their node and place',
    *violations(graph) {
      for (const node of graph.nodes) {
        const stray = node.outputs.findIndex((output, i) => output.node !== node || output.index !== i)
        if (stray >= 0) yield { at: labelOf(node), got: `an output ${stray} that belongs elsewhere` }
      }
    },
  },
  {
    id: 'C5',
    expected: 'inputs that are computed before',
    *violations(graph) {
      const known = new Set(graph.inputs.map(({ value }) => value))
      for (const node of graph.nodes) {
        for (const [i, input] of node.inputs.entries()) {
          if (input !== null && !known.has(input))
            yield { at: labelOf(node), got: `${describe(input)} as input ${i}` }
        }
        for (const output of node.outputs) known.add(output)
      }
    },
  },
  {
    id: 'C6',
    expected: 'output types as inference gives them',
    *violations(graph) {
      for (const node of graph.nodes) {
        const [expected, got] = [inferred(node), node.outputs.map(formatType).join(', ')]
        if (expected !== got) yield { at: labelOf(node), got: `${got} where inference gives ${expected}` }
      }
    },
  },
  {
    id: 'C7',
    expected: 'sizes made of symbols that inputs have',
    *violations(graph) {
      const known = symbolsIn(graph.inputs.map(({ value }) => value))
      for (const node of graph.nodes) {
        for (const name of symbolsIn(node.outputs))
          if (!known.has(name)) yield { at: labelOf(node), got: `the symbol "${name}"` }
      }
    },
  },
  {
    id: 'C8',
    expected: 'updates of states with values of their types',
    *violations(graph) {
      const states = new Set(graph.inputs.flatMap(({ value, kind }) => (kind === 'state' ? [value] : [])))
      for (const node of graph.nodes) {
        for (const { input, output } of node.op.updates?.(node.attrs) ?? []) {
          const [state, content] = [node.inputs[input], node.outputs[output]]
          if (!state || !states.has(state))
            yield { at: labelOf(node), got: `an update of input ${input}, which is no state` }
          else if (!content || !typesEqual(state, content)) {
            yield {
              at: labelOf(node),
              got: `${content ? formatType(content) : 'nothing'} for ${formatType(state)}`,
            }
          }
        }
      }
    },
  },
  {
    id: 'C9',
    expected: 'outputs that are inputs or computed',
    *violations(graph) {
      const known = new Set([
        ...graph.inputs.map(({ value }) => value),
        ...graph.nodes.flatMap(({ outputs }) => outputs),
      ])
      for (const [i, output] of graph.outputs.entries()) {
        if (!known.has(output)) yield { at: `output ${i}`, got: describe(output) }
      }
    },
  },
]

/**
 * Checks that a graph is legal: what every pass may rely on, and must leave behind.
 * @throws RangeError that names the rule (C1 to C9) and the place, for the first violation
 */
export function verifyGraph(graph: Graph): void {
  for (const { id, expected, violations } of RULES) {
    for (const { at, got } of violations(graph)) {
      throw new RangeError(`Cannot use the graph at "${at}": expected ${expected}, got ${got} (${id})`)
    }
  }
}

function inferred(node: Node): string {
  try {
    return node.op.infer(node.inputs, node.attrs).map(formatType).join(', ')
  } catch (error) {
    return `an error: ${error instanceof Error ? error.message : String(error)}`
  }
}

function symbolsIn(types: readonly TensorType[]): Set<string> {
  const symbols = new Set<string>()
  for (const { shape } of types) for (const dim of shape) symbolsOf(dim, symbols)
  return symbols
}

function describe(value: Value): string {
  return value.node === null
    ? `a foreign input ${formatType(value)}`
    : `output ${value.index} of "${labelOf(value.node)}"`
}

function labelOf(node: Node): string {
  return node.name === '' ? node.origin : node.name
}
