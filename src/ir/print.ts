import { formatAttribute } from './attributes.ts'
import type { Graph, GraphInput } from './graph.ts'
import { formatType, type Node, type Value } from './node.ts'

/** Columns grow with their entries up to these widths; a longer entry pushes its own line only. */
const MAX_WIDTHS = [32, 40, 112] as const

type Row = readonly [name: string, type: string, what: string, module: string]

/**
 * A graph as a listing: inputs, states and nodes, a line each, with their types. A node stands with its arguments by the names of what computes
 * them, and with its module on the right; `.weight` is the state of that name of the node's own module. Arguments that are null or false
 * are left out, and so are outputs after the first that nobody reads.
 */
export function printGraph(graph: Graph): string {
  const names = namesOf(graph)
  const used = new Set([...graph.users().keys(), ...graph.outputs])
  const inputs = graph.inputs.filter(({ kind }) => kind === 'input')
  const states = graph.inputs.filter(({ kind }) => kind === 'state')
  const updates = updatesIn(graph, names)
  const rows: Row[][] = [
    inputs.map((input) => inputRow(input, updates)),
    states.map((state) => inputRow(state, updates)),
    graph.nodes.map((node) => nodeRow(node, names, used)),
  ]
  const widths = MAX_WIDTHS.map((max, column) => widthOf(rows.flat(), column, max))
  const sections = rows.filter((section) => section.length > 0)
  return [
    `graph of ${count(inputs, 'input')}, ${count(states, 'state')}, ${count(graph.nodes, 'node')}, ${count(graph.outputs, 'output')}`,
    ...sections.map((section) => section.map((row) => line(row, widths)).join('\n')),
    `  return ${graph.outputs.map((value) => nameOf(names, value)).join(', ')}`,
  ].join('\n\n')
}

function inputRow({ value, name, kind }: GraphInput, updates: ReadonlyMap<Value, string>): Row {
  const update = updates.get(value)
  return [name, formatType(value), update === undefined ? kind : `${kind}, updated by ${update}`, '']
}

function nodeRow(node: Node, names: ReadonlyMap<Value, string>, used: ReadonlySet<Value>): Row {
  const types = node.outputs.filter((output) => output.index === 0 || used.has(output)).map(formatType)
  return [labelOf(node, names), types.join(', '), callOf(node, names), moduleOf(node)]
}

function callOf(node: Node, names: ReadonlyMap<Value, string>): string {
  const own = node.scope === undefined || node.scope.path === '' ? undefined : `${node.scope.path}.`
  const operands = node.inputs.map((input) => {
    if (input === null) return 'none'
    const name = nameOf(names, input)
    return own !== undefined && name.startsWith(own) ? name.slice(own.length - 1) : name
  })
  while (operands.at(-1) === 'none') operands.pop()
  const attributes = Object.entries(node.attrs).flatMap(([name, value]) =>
    value === null || value === false ? [] : [`${name}=${formatAttribute(value)}`],
  )
  return `${node.op.name}(${[...operands, ...attributes].join(', ')})`
}

function moduleOf({ scope }: Node): string {
  if (scope === undefined) return ''
  return scope.path === '' ? scope.className : `${scope.path} (${scope.className})`
}

/** The states that nodes update, with the names of the nodes. */
function updatesIn({ nodes }: Graph, names: ReadonlyMap<Value, string>): Map<Value, string> {
  const updates = new Map<Value, string>()
  for (const node of nodes) {
    for (const { input } of node.op.updates?.(node.attrs) ?? []) {
      const state = node.inputs[input]
      if (state) updates.set(state, labelOf(node, names))
    }
  }
  return updates
}

/** Names of all values: those of inputs and nodes, `name[1]` for a second output, a number where a node has no name. */
function namesOf({ inputs, nodes }: Graph): Map<Value, string> {
  const names = new Map(inputs.map(({ value, name }) => [value, name]))
  for (const [i, { name, outputs }] of nodes.entries()) {
    const base = name === '' ? `%${i}` : name
    for (const output of outputs) names.set(output, output.index === 0 ? base : `${base}[${output.index}]`)
  }
  return names
}

function labelOf({ name, outputs: [first] }: Node, names: ReadonlyMap<Value, string>): string {
  return first === undefined ? name : nameOf(names, first)
}

function nameOf(names: ReadonlyMap<Value, string>, value: Value): string {
  return names.get(value) ?? '?'
}

function count(list: readonly unknown[], noun: string): string {
  return `${list.length} ${noun}${list.length === 1 ? '' : 's'}`
}

function widthOf(rows: readonly Row[], column: number, max: number): number {
  const lengths = rows.map((row) => row[column]?.length ?? 0)
  return lengths.reduce((width, length) => (length > max ? width : Math.max(width, length)), 0)
}

function line(row: Row, widths: readonly number[]): string {
  return `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd()
}
