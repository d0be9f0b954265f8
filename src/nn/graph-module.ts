import { recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { recordAll, Tensor } from '../engine/tensor.ts'
import type { Attributes, AttributeValue } from '../ir/attributes.ts'
import { type Dim, dimsEqual, evaluateDim, SymbolicDim } from '../ir/dim.ts'
import type { Graph, GraphInput } from '../ir/graph.ts'
import { formatType, type Node, type Value } from '../ir/node.ts'
import { withScope } from '../ir/scope.ts'
import { ShapeError } from '../tensor/shape-error.ts'
import { callModule } from './call-module.ts'
import { getMember } from './container.ts'
import { Module } from './module.ts'
import { Buffer, Parameter } from './parameter.ts'
import { type OutputTree, unflatten } from './output-tree.ts'

/** Names of attributes that tell an operation whether the model trains: batch norms' and dropouts'. */
const TRAINING_FLAGS = ['training', 'train'] as const

/**
 * A graph with its parameters, buffers and submodules, callable like any module. State inputs of the graph are the members at the paths
 * that their names give. `train()` and `eval()` reach batch norms and dropouts, and nothing else.
 */
export class GraphModule extends Module<readonly unknown[], unknown> {
  readonly graph: Graph
  readonly #outputs: OutputTree

  /** @param outputs how the graph's outputs are arranged in what a call returns */
  constructor(graph: Graph, outputs: OutputTree) {
    super()
    this.graph = graph
    Object.defineProperty(this, 'graph', { enumerable: false })
    this.#outputs = outputs
  }

  /** How the graph's outputs are arranged in what a call returns. */
  get outputTree(): OutputTree {
    return this.#outputs
  }

  /**
   * Runs the graph on inputs in the order of the graph's own.
   * @throws ShapeError for an input that does not fit; TypeError for a missing one
   */
  override forward(...inputs: readonly unknown[]): unknown {
    const values = new Map<Value, Tensor>()
    const symbols = new Map<string, number>()
    const given = inputs.flat(Number.POSITIVE_INFINITY)
    for (const input of this.graph.inputs) {
      values.set(input.value, input.kind === 'state' ? this.#state(input) : bind(input, given.shift(), symbols))
    }
    for (const node of this.graph.nodes) withScope(node.scope, () => this.#record(node, values, symbols))
    const results = this.graph.outputs.map((value) => tensorAt(values, value, 'output'))
    return unflatten(this.#outputs, results)
  }

  #state({ name }: GraphInput): Tensor {
    const member = getMember(this, name)
    if (member instanceof Parameter || member instanceof Buffer) return member
    throw new StateError(`Cannot run the graph: expected a parameter or buffer "${name}", got none`)
  }

  #record(node: Node, values: Map<Value, Tensor>, symbols: ReadonlyMap<string, number>): void {
    const inputs = node.inputs.map((input) => (input === null ? null : tensorAt(values, input, node.name)))
    const outputs = this.#apply(node, inputs, symbols)
    node.outputs.forEach((value, i) => {
      const output = outputs[i]
      if (output !== undefined) values.set(value, output)
    })
  }

  #apply(node: Node, inputs: readonly (Tensor | null)[], symbols: ReadonlyMap<string, number>): readonly Tensor[] {
    if (node.op.name === callModule.name) return [this.#call(String(node.attrs.target), inputs)]
    return recordAll(node.op, inputs, concreteAttributes(node.attrs, symbols, this.training))
  }

  #call(target: string, inputs: readonly (Tensor | null)[]): Tensor {
    const module = getMember(this, target)
    if (!(module instanceof Module)) throw new StateError(`Cannot run the graph: expected a submodule "${target}", got none`)
    const callable: Module<readonly (Tensor | null)[], unknown> = Object(module)
    const output = callable(...inputs)
    if (output instanceof Tensor) return output
    throw new TypeError(`Cannot run the graph: expected submodule "${target}" to return a tensor, got ${typeof output}`)
  }
}

function tensorAt(values: ReadonlyMap<Value, Tensor>, value: Value, reader: string): Tensor {
  const tensor = values.get(value)
  if (tensor !== undefined) return tensor
  throw new StateError(`Cannot run the graph at "${reader}": expected ${formatType(value)} to be computed before (a bug in lowbit)`)
}

/** Checks an input against its declaration and learns the values of symbolic sizes from it. */
function bind({ value, name }: GraphInput, given: unknown, symbols: Map<string, number>): Tensor {
  if (!(given instanceof Tensor)) {
    throw new TypeError(`Cannot run the graph: expected a tensor for input "${name}", got ${given === undefined ? 'none' : typeof given}`)
  }
  const fail = () =>
    new ShapeError(`Cannot run the graph: expected ${formatType(value)} for input "${name}", got ${formatType(given.value)}`)
  if (given.dtype !== value.dtype || given.value.shape.length !== value.shape.length) throw fail()
  value.shape.forEach((dim, i) => {
    const size = given.value.shape[i] ?? 0
    if (typeof dim !== 'number' && typeof size === 'number' && !symbols.has(dim.key)) symbols.set(dim.key, size)
    if (!recorder.capturing && !dimsEqual(resolve(dim, symbols), size)) throw fail()
  })
  return given
}

function resolve(dim: Dim, symbols: ReadonlyMap<string, number>): Dim {
  if (typeof dim === 'number') return dim
  return symbols.get(dim.key) ?? evaluateDim(dim, symbols)
}

/** Attributes with symbolic sizes replaced by numbers and training flags set to the module's. */
function concreteAttributes(attrs: Attributes, symbols: ReadonlyMap<string, number>, training: boolean): Attributes {
  const flags = TRAINING_FLAGS.filter((flag) => flag in attrs && attrs[flag] !== training)
  const symbolic = Object.values(attrs).some(hasSymbols)
  if (flags.length === 0 && !symbolic) return attrs
  const entries = Object.entries(attrs).map(([name, value]) => [name, concreteValue(value, symbols)])
  return { ...Object.fromEntries(entries), ...Object.fromEntries(flags.map((flag) => [flag, training])) }
}

function hasSymbols(value: AttributeValue): boolean {
  return value instanceof SymbolicDim || (Array.isArray(value) && value.some(hasSymbols))
}

function concreteValue(value: AttributeValue, symbols: ReadonlyMap<string, number>): AttributeValue {
  if (value instanceof SymbolicDim) return resolve(value, symbols)
  if (Array.isArray(value)) return value.map((entry) => concreteValue(entry, symbols))
  return value
}
