import { create } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from '../../codec/onnx.ts'
import { graphsOf } from './graph-walk.ts'
import { onnxFailure } from './onnx-failure.ts'
import { renameGraph } from './opaque/rename-graph.ts'

/** More than functions of any model become; a few lines can say more than a machine holds. */
const MAX_NODES = 50_000
const MAX_DEPTH = 64

/**
 * Puts the nodes of a model's own functions in the place of their calls, at any depth, and takes the functions out. Nodes are named after the call that they stand for.
 * @throws FormatError for functions that call themselves, become too many nodes, or are of another version of ONNX's operators than the model
 */
export function inlineFunctions(model: ModelProto): void {
  if (model.functions.length === 0 || model.graph === undefined) return
  const { functions } = model
  importDomains(model, functions)
  model.functions = []
  const inliner = new Inliner(functions, unusedPrefix(model.graph))
  model.graph.node = inliner.expand(model.graph.node, [])
}

class Inliner {
  readonly #functions: ReadonlyMap<string, FunctionProto>
  readonly #prefix: string
  #calls = 0
  #nodes = 0

  constructor(functions: readonly FunctionProto[], prefix: string) {
    this.#functions = new Map(functions.map((each) => [keyOf(each.domain, each.name, each.overload), each]))
    this.#prefix = prefix
  }

  /** Nodes without calls. @param open names of the functions that the nodes are in */
  expand(nodes: readonly NodeProto[], open: readonly string[]): NodeProto[] {
    return nodes.flatMap((node) => {
      for (const graph of graphsOf(node)) graph.node = this.expand(graph.node, open)
      const key = keyOf(node.domain, node.opType, node.overload)
      const called = this.#functions.get(key)
      if (called === undefined) return [node]
      if (open.includes(key) || open.length >= MAX_DEPTH)
        throw onnxFailure(
          called.name,
          `functions that call each other at most ${MAX_DEPTH} deep`,
          'a call of itself or more',
        )
      return this.expand(this.#bodyOf(node, called), [...open, key])
    })
  }

  #bodyOf(call: NodeProto, called: FunctionProto): NodeProto[] {
    this.#nodes += called.node.length
    if (this.#nodes > MAX_NODES)
      throw onnxFailure(called.name, `functions that become at most ${MAX_NODES} nodes`, 'more')
    const prefix = `${this.#prefix}${++this.#calls}_`
    const given = new Map(called.input.map((name, i) => [name, call.input[i] ?? '']))
    const made = new Set(called.node.flatMap(({ output }) => output))
    const results = new Map<string, string>()
    const copies: NodeProto[] = []
    for (const [i, name] of called.output.entries()) {
      const result = call.output[i] ?? ''
      if (result === '') continue
      if (made.has(name) && !results.has(name)) results.set(name, result)
      else copies.push(create(NodeProtoSchema, { opType: 'Identity', input: [name], output: [result] }))
    }
    const node = [...withAttributes(called.node, attributesOf(call, called)), ...copies]
    const own = new Map([
      ...results,
      ...copies.flatMap(({ output }) => output.map((name) => [name, name] as const)),
    ])
    const body = renameGraph(create(GraphProtoSchema, { node }), given, prefix, own)
    for (const [i, each] of body.node.entries())
      each.name = `${call.name || call.opType}/${node[i]?.name || each.opType}`
    return body.node
  }
}

function keyOf(domain: string, name: string, overload: string): string {
  return [domain === 'ai.onnx' ? '' : domain, name, overload].join('\n')
}

/** What a call gives for the attributes of a function, or the function has for those that are not given. */
function attributesOf(call: NodeProto, { attributeProto }: FunctionProto): Map<string, AttributeProto> {
  return new Map([...attributeProto, ...call.attribute].map((attribute) => [attribute.name, attribute]))
}

/** Nodes whose attributes that refer to those of a function have their values; one that is not given is left out. */
function withAttributes(
  nodes: readonly NodeProto[],
  values: ReadonlyMap<string, AttributeProto>,
): NodeProto[] {
  const inner = (graph: GraphProto) =>
    Object.assign(create(GraphProtoSchema), graph, { node: withAttributes(graph.node, values) })
  return nodes.map((node) => {
    const attribute = node.attribute.flatMap((each) => {
      const value = each.refAttrName === '' ? each : values.get(each.refAttrName)
      if (value === undefined) return []
      return Object.assign(create(AttributeProtoSchema), value, {
        name: each.name,
        ...(value.g === undefined ? {} : { g: inner(value.g) }),
        graphs: value.graphs.map(inner),
      })
    })
    return Object.assign(create(NodeProtoSchema), node, { attribute })
  })
}

/** The model has to know the operators that its functions use. */
function importDomains(model: ModelProto, functions: readonly FunctionProto[]): void {
  const plain = (domain: string) => (domain === 'ai.onnx' ? '' : domain)
  const known = new Map(model.opsetImport.map(({ domain, version }) => [plain(domain), version]))
  for (const { name, opsetImport } of functions) {
    for (const { domain, version } of opsetImport) {
      const own = known.get(plain(domain))
      if (own === undefined) {
        known.set(plain(domain), version)
        model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain, version }))
      } else if (own !== version)
        throw onnxFailure(
          name,
          `a function of the model's version ${own} of the operators "${plain(domain)}"`,
          `${version}`,
        )
    }
  }
}

/** What no name of the model begins with. */
function unusedPrefix(graph: GraphProto): string {
  let prefix = 'inlined'
  const names = [...graph.initializer, ...graph.input].map(({ name }) => name)
  const collect = (nodes: readonly NodeProto[]): void => {
    for (const node of nodes) {
      names.push(...node.input, ...node.output)
      for (const inner of graphsOf(node)) {
        names.push(...inner.initializer.map(({ name }) => name))
        collect(inner.node)
      }
    }
  }
  collect(graph.node)
  while (names.some((name) => name.startsWith(prefix))) prefix += '_'
  return prefix
}
