import { noGrad } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { recordAll, Tensor } from '../engine/tensor.ts'
import { isConcrete } from '../ir/dim.ts'
import type { Graph, GraphInput } from '../ir/graph.ts'
import { formatType, type Node, type Value } from '../ir/node.ts'
import { currentScope, withScope } from '../ir/scope.ts'
import { assignState } from './assign-state.ts'
import { callModule } from './call-module.ts'
import { getMember } from './container.ts'
import { type CallSizes, concreteAttributes, learnSizes, type SizeRanges } from './graph-sizes.ts'
import type { ModelLayout } from './model-layout.ts'
import { type AnyModule, Module } from './module.ts'
import { flatten, type OutputTree, unflatten } from './output-tree.ts'
import { Buffer, Parameter } from './parameter.ts'
import { isPlainRecording, RepeatedCalls, recordingKeyOf } from './repeated-calls.ts'
import { ScaledConvolutions } from './scaled-convolutions.ts'
import { flaggedAttributes, seededInputs } from './training-form.ts'

/** What a graph module knows of the model that it came from. */
export interface GraphModuleOptions {
  /** How the tensors of each argument are arranged, with places that count through all arguments. Default: each argument is a tensor. */
  readonly inputs?: readonly OutputTree[]
  /** Modules and states by name. Default: what the graph's own scopes and inputs say. */
  readonly layout?: ModelLayout
  /** Between which bounds sizes may vary, by their names. Default: all sizes that fit. */
  readonly sizeRanges?: SizeRanges
}

/**
 * A graph with its parameters, buffers and submodules, callable like any module. State inputs of the graph are the members at the paths
 * that their names give. `train()` and `eval()` reach batch norms and dropouts, and nothing else.
 */
export class GraphModule extends Module<readonly unknown[], unknown> {
  readonly graph: Graph
  readonly #outputs: OutputTree
  readonly #options: GraphModuleOptions
  readonly #calls = new RepeatedCalls()
  #scaled: { readonly nodes: readonly Node[]; readonly found: ScaledConvolutions } | undefined

  /** @param outputs how the graph's outputs are arranged in what a call returns */
  constructor(graph: Graph, outputs: OutputTree, options: GraphModuleOptions = {}) {
    super()
    this.graph = graph
    Object.defineProperty(this, 'graph', { enumerable: false })
    this.#outputs = outputs
    this.#options = options
  }

  /** How the graph's outputs are arranged in what a call returns. */
  get outputTree(): OutputTree {
    return this.#outputs
  }

  /** How the tensors of the arguments are arranged; undefined where each argument is a tensor. */
  get inputTrees(): readonly OutputTree[] | undefined {
    return this.#options.inputs
  }

  /** How many arguments a call takes. */
  get inputCount(): number {
    return this.#expected().length
  }

  /** Modules and states of the model that was captured, where they are known. */
  get layout(): ModelLayout | undefined {
    return this.#options.layout
  }

  /** Between which bounds sizes may vary; undefined where nothing says so. */
  get sizeRanges(): SizeRanges | undefined {
    return this.#options.sizeRanges
  }

  /**
   * Runs the graph on inputs in the order of the graph's own.
   * @throws ShapeError for an input that does not fit; TypeError for a missing one
   */
  override forward(...inputs: readonly unknown[]): unknown {
    const given = this.#flatten(inputs)
    const sizes = this.#sizesOf(given)
    const outputsOf = (tensors: readonly Tensor[]) => {
      const values = this.#run(tensors, sizes, this.training ? this.#scaledConvolutions() : undefined)
      return this.graph.outputs.map((value) => tensorAt(values, value, 'output'))
    }
    const key = this.#recordingKey(given)
    const results = key === undefined ? outputsOf(given) : this.#calls.record(this, key, given, outputsOf)
    return unflatten(this.#outputs, results)
  }

  /**
   * Runs the graph as a call does, and gives what each node computed by the node's name, in the order of the graph. Further results of a node are
   * counted: `max_pool2d#1`.
   * @throws ShapeError for an input that does not fit; TypeError for a missing one
   */
  trace(...inputs: readonly unknown[]): ReadonlyMap<string, Tensor> {
    const given = this.#flatten(inputs)
    const values = this.#run(given, this.#sizesOf(given))
    const named = this.graph.nodes.flatMap(({ name, outputs }) =>
      outputs.flatMap((value, i) => {
        const tensor = values.get(value)
        return tensor === undefined ? [] : [[i === 0 ? name : `${name}#${i}`, tensor] as const]
      }),
    )
    return new Map(named)
  }

  /** Checks inputs as a call does, without one. @throws ShapeError or TypeError as a call does */
  checkInputs(...inputs: readonly unknown[]): void {
    this.#sizesOf(this.#flatten(inputs))
  }

  /** What every value of the graph is for these inputs; where scaled convolutions are given, without those inside of them. */
  #run(given: readonly Tensor[], sizes: CallSizes, scaled?: ScaledConvolutions): ReadonlyMap<Value, Tensor> {
    const values = new Map<Value, Tensor>()
    this.#users().forEach(({ value }, i) => {
      values.set(value, given[i] ?? tensorAt(values, value, 'input'))
    })
    for (const input of this.graph.inputs)
      if (input.kind === 'state') values.set(input.value, this.#state(input))
    const own = currentScope()
    for (const node of this.graph.nodes) {
      if (scaled?.isInside(node)) continue
      // What a submodule records belongs to the submodule, which this module calls.
      withScope(node.op.name === callModule.name ? own : node.scope, () =>
        this.#record(node, values, sizes, scaled),
      )
    }
    return values
  }

  #users(): GraphInput[] {
    return this.graph.inputs.filter(({ kind }) => kind === 'input')
  }

  #sizesOf(given: readonly Tensor[]): CallSizes {
    return learnSizes(this.#users(), given, this.#options.sizeRanges)
  }

  /** What the recording of a call depends on, where that is known: types of the inputs, the graph as it is now, and the modules that it calls. */
  #recordingKey(given: readonly Tensor[]): readonly unknown[] | undefined {
    if (this.training || !isPlainRecording()) return undefined
    const key: unknown[] = [given.length, ...this.graph.outputs]
    for (const { value } of given) {
      if (!isConcrete(value.shape)) return undefined
      key.push(value.dtype, value.shape.length, ...value.shape)
    }
    for (const input of this.graph.inputs) if (input.kind === 'state') key.push(this.#state(input))
    for (const node of this.graph.nodes) {
      key.push(node, ...node.inputs)
      if (node.op.name !== callModule.name) continue
      const module = this.#submodule(String(node.attrs.target))
      const own = recordingKeyOf(module)
      if (own === undefined) return undefined
      key.push(module, ...own)
    }
    return key
  }

  /** Found once for each state of the graph. */
  #scaledConvolutions(): ScaledConvolutions {
    const { nodes } = this.graph
    if (this.#scaled?.nodes !== nodes) this.#scaled = { nodes, found: new ScaledConvolutions(this.graph) }
    return this.#scaled.found
  }

  /** Tensors of the arguments, in order. @throws TypeError when they are arranged otherwise than in the capture */
  #flatten(inputs: readonly unknown[]): Tensor[] {
    const tensors: Tensor[] = []
    const expected = this.#expected()
    if (inputs.length > expected.length)
      throw new TypeError(`Cannot run the graph: expected ${expected.length} inputs, got ${inputs.length}`)
    for (const [i, tree] of expected.entries()) {
      const input = inputs[i]
      const given = input === undefined ? undefined : flatten(input, tensors).tree
      if (JSON.stringify(given) === JSON.stringify(tree)) continue
      throw new TypeError(
        `Cannot run the graph: expected ${describe(tree)} as ${this.#titleOf(i)}, got ${describe(given)}`,
      )
    }
    return tensors
  }

  /** How messages call an argument: its place, and its name where it is a single tensor. */
  #titleOf(index: number): string {
    const tree = this.#expected()[index]
    const users = this.#users()
    const name = typeof tree === 'number' ? users[tree]?.name : undefined
    return name === undefined ? `input ${index}` : `input ${index} ("${name}")`
  }

  #expected(): readonly OutputTree[] {
    return this.#options.inputs ?? this.#users().map((_, i) => i)
  }

  #state({ name }: GraphInput): Tensor {
    const member = getMember(this, name)
    if (member instanceof Parameter || member instanceof Buffer) return member
    throw new StateError(`Cannot run the graph: expected a parameter or buffer "${name}", got none`)
  }

  #record(node: Node, values: Map<Value, Tensor>, sizes: CallSizes, scaled?: ScaledConvolutions): void {
    const result = scaled?.record(node, (value) => tensorAt(values, value, node.name))
    const [only] = node.outputs
    if (result !== undefined && only !== undefined) {
      values.set(only, result)
      return
    }
    const inputs = node.inputs.map((input) => (input === null ? null : tensorAt(values, input, node.name)))
    const outputs = node.differentiable
      ? this.#apply(node, inputs, sizes)
      : noGrad(() => this.#apply(node, inputs, sizes))
    node.outputs.forEach((value, i) => {
      const output = outputs[i]
      if (output !== undefined) values.set(value, output)
    })
  }

  #apply(node: Node, inputs: readonly (Tensor | null)[], sizes: CallSizes): readonly Tensor[] {
    if (node.op.name === callModule.name) return [this.#call(String(node.attrs.target), inputs)]
    if (node.op.name === assignState.name && node.attrs.trainingOnly === true && !this.training) return []
    const attrs = flaggedAttributes(node, concreteAttributes(node.attrs, sizes), this.training)
    return recordAll(node.op, seededInputs(node, inputs, this.training), attrs)
  }

  #submodule(target: string): AnyModule {
    const module = getMember(this, target)
    if (module instanceof Module) return module
    throw new StateError(`Cannot run the graph: expected a submodule "${target}", got none`)
  }

  #call(target: string, inputs: readonly (Tensor | null)[]): Tensor {
    const callable: Module<readonly (Tensor | null)[], unknown> = Object(this.#submodule(target))
    const output = callable(...inputs)
    if (output instanceof Tensor) return output
    throw new TypeError(
      `Cannot run the graph: expected submodule "${target}" to return a tensor, got ${typeof output}`,
    )
  }
}

function tensorAt(values: ReadonlyMap<Value, Tensor>, value: Value, reader: string): Tensor {
  const tensor = values.get(value)
  if (tensor !== undefined) return tensor
  throw new StateError(
    `Cannot run the graph at "${reader}": expected ${formatType(value)} to be computed before (a bug in lowbit)`,
  )
}

/** An arrangement as it stands in a message: `a tensor`, `[tensor, { key: tensor }]`. */
function describe(tree: OutputTree | undefined): string {
  if (tree === undefined) return 'nothing'
  if (tree === null) return 'null'
  if (typeof tree === 'number') return 'a tensor'
  if (Array.isArray(tree)) return `[${tree.map(describe).join(', ')}]`
  return `{ ${Object.entries(tree)
    .map(([key, entry]) => `${key}: ${describe(entry)}`)
    .join(', ')} }`
}
