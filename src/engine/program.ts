import { collectNodes } from '../ir/graph.ts'
import type { Node, Value } from '../ir/node.ts'
import { storageOf } from './placement.ts'

/** What a dispatch runs: nodes over leaves whose data is stored. */
export interface Program {
  /** Equal for programs that one session can serve: structure, types, attributes and the identity of constants. */
  readonly key: string
  readonly nodes: readonly Node[]
  /** Leaves that are fed anew at every run, in the order of the session's inputs. */
  readonly inputs: readonly Value[]
  /** Leaves that are part of the session. */
  readonly constants: readonly Value[]
  readonly outputs: readonly Value[]
}

/** Collects what has to run for `outputs`; leaves for which `isConstant` holds are built into the session. */
export function makeProgram(outputs: readonly Value[], isConstant: (leaf: Value) => boolean): Program {
  const nodes = collectNodes(outputs, (value) => storageOf(value) !== undefined)
  const inputs: Value[] = []
  const constants: Value[] = []
  const numbers = new Map<Value, number>()
  const parts: string[] = []
  let last = 0
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input === null || numbers.has(input)) continue
      const constant = isConstant(input)
      numbers.set(input, last++)
      if (constant) constants.push(input)
      else inputs.push(input)
      parts.push(leafKey(input, constant))
    }
    parts.push(nodeKey(node, numbers))
    for (const output of node.outputs) if (!numbers.has(output)) numbers.set(output, last++)
  }
  parts.push(outputs.map((output) => numbers.get(output)).join())
  return { key: parts.join(';'), nodes, inputs, constants, outputs }
}

function leafKey(leaf: Value, constant: boolean): string {
  return constant ? `#${storageOf(leaf)?.id}` : `${leaf.dtype}[${leaf.shape.join()}]`
}

function nodeKey({ op, inputs, attrs }: Node, numbers: ReadonlyMap<Value, number>): string {
  let key = op.name
  for (const input of inputs) key += input === null ? ',-' : `,${numbers.get(input)}`
  for (const name in attrs) key += `,${name}=${attributeKey(attrs[name])}`
  return key
}

function attributeKey(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
