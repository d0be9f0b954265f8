import { recorder } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Dim, symbol } from '../ir/dim.ts'
import { collectNodes, Graph, type GraphInput } from '../ir/graph.ts'
import { type Node, Value } from '../ir/node.ts'
import { setMember } from './container.ts'
import { GraphModule } from './graph-module.ts'
import { type AnyModule, Module } from './module.ts'
import { nameGraph } from './node-names.ts'
import { flatten } from './output-tree.ts'
import type { Buffer, Parameter } from './parameter.ts'

/**
 * Which sizes of the inputs may vary from call to call: for each input, in order, the dimensions with the names of their sizes,
 * `[{ 0: 'batch' }]`. Sizes of one name are equal.
 */
export type DynamicShapes = readonly (Readonly<Record<number, string>> | null)[]

/** What can be said about a capture. */
export interface ExportOptions {
  /** Default: every size is fixed to that of the example. */
  readonly dynamicShapes?: DynamicShapes
}

/**
 * Records one call of a module as a graph of ATen operations, with node names and module paths as `torch.export` gives them. The result shares
 * its parameters and buffers with the module. Whether batch norms and dropouts train is taken from the module as it is.
 *
 * @param exampleInputs tensors, or arrays and objects of tensors, as the module takes them
 * @throws StateError when the module reads a value while it records
 */
export function exportModule(model: AnyModule, exampleInputs: readonly unknown[], options: ExportOptions = {}): GraphModule {
  const state = [...model.namedParameters(), ...model.namedBuffers()]
  const stateInputs = state.map(([name, tensor]): GraphInput => ({ value: placeholder(tensor), name, kind: 'state' }))
  const userInputs: GraphInput[] = []
  const placeholders = exampleInputs.map((example, i) => {
    const { tree, tensors } = flatten(example)
    if (tree !== 0) throw new TypeError(`Cannot capture a model: expected a tensor as example input ${i}, got a structure of tensors`)
    const [tensor] = tensors
    const value = placeholder(tensor, options.dynamicShapes?.[i])
    userInputs.push({ value, name: inputName(model, i), kind: 'input' })
    return new Tensor(value, tensor?.requiresGrad)
  })
  const result = capturing(state, stateInputs, () => callAny(model, placeholders))
  if (result instanceof Promise) {
    throw new StateError('Cannot capture a model with an async forward: expected one that only records\nHint: it runs in eager mode (ExecutionMode.EAGER)')
  }
  const { tree, tensors } = flatten(result)
  const outputs = tensors.map(({ value }) => value)
  const graph = new Graph([...stateInputs, ...userInputs], ownNodes(outputs), outputs)
  nameGraph(graph)
  const captured = new GraphModule(graph, tree)
  for (const [path, tensor] of state) setMember(captured, path, tensor)
  captured.train(model.training)
  return captured
}

/** Runs a recording with the state of the model replaced by placeholders, and puts everything back. */
function capturing<T>(state: readonly [string, Tensor][], inputs: readonly GraphInput[], body: () => T): T {
  const before = state.map(([, tensor]) => tensor.value)
  const pending = new Set(recorder.pending)
  const { capturing: nested, training } = recorder
  recorder.capturing = true
  recorder.depth++
  state.forEach(([, tensor], i) => tensor.rebase(inputs[i]?.value ?? tensor.value))
  try {
    return body()
  } finally {
    state.forEach(([, tensor], i) => tensor.rebase(before[i] ?? tensor.value))
    recorder.depth--
    recorder.capturing = nested
    recorder.training = training
    recorder.pending.clear()
    for (const tensor of pending) recorder.pending.add(tensor)
  }
}

function placeholder(tensor: Tensor | undefined, dynamic?: Readonly<Record<number, string>> | null): Value {
  if (tensor === undefined) throw new TypeError('Cannot capture a model: expected a tensor as example input, got none')
  const shape = tensor.value.shape.map((dim, i): Dim => {
    const name = dynamic?.[i]
    return name === undefined ? dim : symbol(name)
  })
  return new Value({ shape, dtype: tensor.dtype })
}

function ownNodes(outputs: readonly Value[]): Node[] {
  return collectNodes(outputs)
}

function callAny(model: AnyModule, inputs: readonly Tensor[]): unknown {
  const callable: Module<readonly Tensor[], unknown> = Object(model)
  return callable(...inputs)
}

/** Name of a parameter of the model's forward, as far as JavaScript tells it. */
function inputName(model: AnyModule, index: number): string {
  const source = String(model.forward)
  const list = source.slice(source.indexOf('(') + 1, source.indexOf(')'))
  const name = list.split(',')[index]?.trim().replace(/[\s=:?].*$/s, '') ?? ''
  return /^[A-Za-z_]\w*$/.test(name) ? name : `args_${index}`
}
