import type { Attributes } from '../../../ir/attributes.ts'
import { Graph, type GraphInput } from '../../../ir/graph.ts'
import { Node, Value } from '../../../ir/node.ts'
import type { Operation } from '../../../ir/operation.ts'
import { Container, getMember, setMember } from '../../../nn/container.ts'
import { copyGraph } from '../../../nn/copy-graph-module.ts'
import { GraphModule } from '../../../nn/graph-module.ts'
import { type AnyModule, Module } from '../../../nn/module.ts'
import { type NodeNames, namesOf, stemOf } from '../../../nn/node-names.ts'
import { Buffer, Parameter } from '../../../nn/parameter.ts'
import { fromValues } from '../../../tensor/from-values.ts'
import { outputOf } from '../graph-view.ts'
import { passOnAttributes } from '../preserved-attributes.ts'

/** A parameter or buffer that a draft reads. */
export interface DraftState {
  readonly name: string
  readonly tensor: Parameter | Buffer
}

/** What a finalized module keeps beside what its results need. */
export interface FinishOptions {
  /** Whether nodes that do nothing but to change a state are needed. */
  readonly updates: boolean
  /** Whether states and fake quantizers that nothing reads any more stay under their names, dense weights that were quantized without elements. */
  readonly keepsStates: boolean
}

/**
 * A prepared graph on its way to a finalized one. What was prepared stays as it is: changes are collected, and `finish` carries them out. Nodes are
 * found as they were prepared until then.
 */
export class GraphDraft {
  /** The nodes of the prepared graph, as copies. */
  readonly nodes: readonly Node[]
  /** Ends the work between two tensors. */
  readonly signal: AbortSignal | undefined
  readonly #source: GraphModule
  readonly #graph: Graph
  readonly #names: NodeNames
  readonly #states = new Map<Value, DraftState>()
  readonly #stateValues = new Map<string, Value>()
  readonly #readers = new Map<Value, Node[]>()
  readonly #inserted = new Map<Node, Node[]>()
  readonly #replaced = new Map<Value, Value>()
  /** Modules that nodes put in call, by path. */
  readonly #modules = new Map<string, AnyModule>()
  /** States beside those that the graph reads, by path. */
  readonly #beside = new Map<string, Parameter | Buffer>()
  readonly #retired = new Set<string | Parameter | Buffer>()

  constructor(source: GraphModule, signal?: AbortSignal) {
    this.#source = source
    this.signal = signal
    this.#graph = copyGraph(source.graph)
    this.nodes = this.#graph.nodes
    this.#names = namesOf(this.#graph)
    for (const [value, readers] of this.#graph.users()) this.#readers.set(value, readers)
    for (const { value, name, kind } of this.#graph.inputs) {
      const tensor = kind === 'state' ? getMember(source, name) : undefined
      if (tensor instanceof Parameter || tensor instanceof Buffer) this.#define(value, { name, tensor })
    }
  }

  /** The submodule of a class that a node calls, if it calls one. */
  called<T>({ attrs }: Node, type: abstract new (...args: never) => T): T | undefined {
    const module = typeof attrs.target === 'string' ? getMember(this.#source, attrs.target) : undefined
    return module instanceof type ? module : undefined
  }

  /** The state that a value is. */
  state(value: Value | null | undefined): DraftState | undefined {
    return value ? this.#states.get(value) : undefined
  }

  /** The nodes of the prepared graph that its results need, after what was replaced so far, in order. */
  liveNodes(): Node[] {
    const needed = neededNodes(this.#graph.outputs, (value) => this.#current(value))
    return this.nodes.filter((node) => needed.has(node))
  }

  /** Name of an input, or of the node that makes a value. */
  nameOf(value: Value): string {
    return value.node?.name ?? this.#graph.inputs.find((input) => input.value === value)?.name ?? ''
  }

  /** The nodes that read a value in the prepared graph. */
  readers(value: Value): readonly Node[] {
    return this.#readers.get(value) ?? []
  }

  /**
   * Adds a state. It takes the place of one of the same name whose readers are all among `heirs`; else it gets a name that is free.
   */
  addState(name: string, tensor: Parameter | Buffer, heirs: ReadonlySet<Node> = new Set()): Value {
    const known = this.#stateValues.get(name)
    if (known !== undefined && !this.readers(known).every((reader) => heirs.has(reader))) {
      return this.addState(`${name}_1`, tensor, heirs)
    }
    const value = new Value({ shape: tensor.shape, dtype: tensor.dtype })
    if (known !== undefined) this.#states.delete(known)
    this.#define(value, { name, tensor })
    return value
  }

  /** Gives a state other content; whoever reads it reads that. */
  overwrite({ name }: DraftState, tensor: Parameter | Buffer): Value {
    const known = this.#stateValues.get(name)
    const value = this.addState(name, tensor, new Set(known === undefined ? [] : this.readers(known)))
    if (known !== undefined) this.#replaced.set(known, value)
    return value
  }

  /** Lets go of a state's elements unless something still reads it. */
  retire({ name, tensor }: DraftState): void {
    this.#retired.add(name).add(tensor)
  }

  /** Adds a state that the graph does not read. */
  keepState(path: string, tensor: Parameter | Buffer): void {
    this.#beside.set(path, tensor)
  }

  /** Adds a submodule for nodes to call. */
  addModule(path: string, module: AnyModule): void {
    this.#modules.set(path, module)
  }

  /** Puts a new node before one of the prepared graph, after those that were put there earlier. */
  insertBefore<A extends Attributes>(
    place: Node,
    op: Operation<A>,
    inputs: readonly (Value | null)[],
    attrs: A,
    name?: string,
  ): Value {
    const node: Node = new Node(op, inputs, attrs, place.scope)
    node.name = this.#names.fresh(name ?? stemOf(node))
    this.#inserted.set(place, [...(this.#inserted.get(place) ?? []), node])
    return outputOf(node)
  }

  /** Lets whoever reads a value read another one. */
  replace(value: Value, by: Value): void {
    this.#replaced.set(value, by)
  }

  /** The finalized module: nodes that nothing needs are gone, and so are states and submodules that nothing reads, unless they are kept. */
  finish({ updates, keepsStates }: FinishOptions): GraphModule {
    const nodes = this.nodes.flatMap((node) => [...(this.#inserted.get(node) ?? []), node])
    for (const { inputs } of nodes)
      for (const [i, input] of inputs.entries()) if (input !== null) inputs[i] = this.#current(input)
    const outputs = this.#graph.outputs.map((output) => this.#current(output))
    const changes = updates ? nodes.filter(isUpdate).flatMap((node) => node.outputs) : []
    const needed = neededNodes([...outputs, ...changes])
    const kept = nodes.filter((node) => needed.has(node))
    const read = new Set([...kept.flatMap(({ inputs }) => inputs), ...outputs])
    const states = [...this.#states].filter(([value]) => read.has(value))
    const inputs = [
      ...states.map(([value, { name }]): GraphInput => ({ value, name, kind: 'state' })),
      ...this.#graph.inputs.filter(({ kind }) => kind === 'input'),
    ]
    const module = this.#moduleOf(
      new Graph(inputs, kept, outputs),
      states.map(([, state]) => state),
    )
    if (keepsStates) this.#keepRest(module)
    return module
  }

  #moduleOf(graph: Graph, states: readonly DraftState[]): GraphModule {
    const { inputTrees, layout, outputTree, training } = this.#source
    const module = new GraphModule(graph, outputTree, {
      ...(inputTrees && { inputs: inputTrees }),
      ...(layout && { layout }),
    })
    for (const { name, tensor } of states) setMember(module, name, tensor)
    for (const { attrs } of graph.nodes) {
      const path = typeof attrs.target === 'string' ? attrs.target : undefined
      const child =
        path === undefined ? undefined : (this.#modules.get(path) ?? getMember(this.#source, path))
      if (path !== undefined && child instanceof Module && !(child instanceof Container))
        setMember(module, path, child)
    }
    for (const [path, tensor] of this.#beside) setMember(module, path, tensor)
    passOnAttributes(this.#source, module)
    module.train(training)
    return module
  }

  /**
   * Takes over what only the prepared graph read: states, and fake quantizers whose calls are gone for another reason than that they were
   * replaced.
   */
  #keepRest(module: GraphModule): void {
    const replaced = new Set([...this.#replaced.keys()].map(({ node }) => node?.attrs.target))
    for (const [path, child] of this.#source.namedChildren()) {
      if (child instanceof Container || replaced.has(path) || getMember(module, path) !== undefined) continue
      setMember(module, path, child)
    }
    for (const { value, name, kind } of this.#graph.inputs) {
      const tensor =
        kind === 'state' && this.readers(value).length > 0 ? getMember(this.#source, name) : undefined
      const isState = tensor instanceof Parameter || tensor instanceof Buffer
      if (!isState || getMember(module, name) !== undefined) continue
      const isRetired = this.#retired.has(name) || this.#retired.has(tensor)
      setMember(module, name, isRetired ? withoutElements(tensor) : tensor)
    }
  }

  #define(value: Value, state: DraftState): void {
    this.#states.set(value, state)
    this.#stateValues.set(state.name, value)
  }

  #current(value: Value): Value {
    let current = value
    for (let next = this.#replaced.get(current); next !== undefined; next = this.#replaced.get(current))
      current = next
    return current
  }
}

/** Whether a node does nothing but to change states. */
function isUpdate({ op, attrs, outputs }: Node): boolean {
  return op.updates !== undefined && op.updates(attrs).length === outputs.length
}

/** A state of the same kind and dtype that holds nothing. */
function withoutElements(tensor: Parameter | Buffer): Parameter | Buffer {
  const content = fromValues(tensor.dtype, [0], [])
  return tensor instanceof Parameter ? new Parameter(content) : new Buffer(content)
}

/** The nodes that values depend on. */
function neededNodes(
  values: readonly Value[],
  current: (value: Value) => Value = (value) => value,
): Set<Node> {
  const needed = new Set<Node>()
  const stack = [...values]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    const { node } = current(value)
    if (node === null || needed.has(node)) continue
    needed.add(node)
    for (const input of node.inputs) if (input !== null) stack.push(input)
  }
  return needed
}
