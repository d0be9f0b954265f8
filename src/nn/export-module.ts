import { noGrad } from '../engine/recorder.ts'
import { StateError } from '../engine/state-error.ts'
import { Tensor } from '../engine/tensor.ts'
import { type Dim, symbol } from '../ir/dim.ts'
import type { GraphInput } from '../ir/graph.ts'
import { Value } from '../ir/node.ts'
import { captureGraph, type Recording } from './capture-graph.ts'
import { captureState, capturing } from './capture-state.ts'
import { setMember } from './container.ts'
import { GraphModule } from './graph-module.ts'
import { layoutOf } from './model-layout.ts'
import type { AnyModule, Module } from './module.ts'
import { flatten, leafPaths, type OutputTree } from './output-tree.ts'

/**
 * Which sizes of the inputs may vary from call to call: for each tensor among the inputs, in order, the dimensions with the names of
 * their sizes, `[{ 0: 'batch' }]`. Sizes of one name are equal.
 */
export type DynamicShapes = readonly (Readonly<Record<number, string>> | null)[]

/** What can be said about a capture. */
export interface ExportOptions {
  /** Default: every size is fixed to that of the example. */
  readonly dynamicShapes?: DynamicShapes
  /** Whether the forward records without gradients, so that parts of it that switch them off are captured like any other. Default: true. */
  readonly noGrad?: boolean
}

/**
 * Records one call of a module as a graph of ATen operations, with node names and module paths as `torch.export` gives them. The result shares
 * its parameters and buffers with the module. Whether batch norms and dropouts train is taken from the module as it is.
 *
 * @param exampleInputs tensors, null, or arrays and plain objects of those, as the module takes them
 * @throws StateError when the module reads a value while it records
 */
export function exportModule(
  model: AnyModule,
  exampleInputs: readonly unknown[],
  options: ExportOptions = {},
): GraphModule {
  const examples = placeholders(model, exampleInputs, options.dynamicShapes ?? [])
  const state = captureState(model)
  const body = () => callAny(model, examples.arguments)
  const { result, finals } = capturing(state, options.noGrad === false ? body : () => noGrad(body))
  if (result instanceof Promise) {
    // What the forward does later, without its placeholders, is of no interest.
    result.catch(() => {})
    throw new StateError(
      'Cannot capture a model with an async forward: expected one that only records\nHint: it runs in eager mode (ExecutionMode.EAGER)',
    )
  }
  const { tree, tensors } = flatten(result)
  const recording: Recording = {
    model,
    inputs: [...state.inputs, ...examples.inputs],
    finals,
    outputs: tensors.map(({ value }) => value),
  }
  const { graph, constants } = captureGraph(recording, options.noGrad === false)
  const captured = new GraphModule(graph, tree, { inputs: examples.trees, layout: layoutOf(model) })
  for (const [path, tensor] of [...state.members, ...constants]) setMember(captured, path, tensor)
  captured.train(model.training)
  return captured
}

/** The user's inputs of a capture. */
interface Examples {
  readonly inputs: readonly GraphInput[]
  /** Arrangement of the tensors in each argument; the places count through all arguments. */
  readonly trees: readonly OutputTree[]
  /** What stands in for the arguments. */
  readonly arguments: readonly unknown[]
}

function placeholders(
  model: AnyModule,
  exampleInputs: readonly unknown[],
  dynamicShapes: DynamicShapes,
): Examples {
  const tensors: Tensor[] = []
  const trees = exampleInputs.map((example) => flatten(example, tensors).tree)
  checkDynamicShapes(dynamicShapes, tensors)
  const values = tensors.map((tensor, i) => placeholder(tensor, dynamicShapes[i]))
  const names = trees.flatMap((tree, i) => leafPaths(tree, inputName(model, i)))
  const standIns = values.map((value, i) => new Tensor(value, tensors[i]?.requiresGrad))
  const fill = (tree: OutputTree): unknown => {
    if (tree === null) return null
    if (typeof tree === 'number') return standIns[tree]
    if (Array.isArray(tree)) return tree.map(fill)
    return Object.fromEntries(Object.entries(tree).map(([key, entry]) => [key, fill(entry)]))
  }
  const inputs = values.map(
    (value, i): GraphInput => ({ value, name: names[i] ?? `args_${i}`, kind: 'input' }),
  )
  return { inputs, trees, arguments: trees.map(fill) }
}

/** @throws TypeError for what is no array; RangeError for inputs and axes that are not there */
function checkDynamicShapes(dynamicShapes: unknown, tensors: readonly Tensor[]): void {
  if (!Array.isArray(dynamicShapes))
    throw new TypeError(
      `Cannot capture a model: expected dynamicShapes to be an array with an entry for each input, got ${typeof dynamicShapes}`,
    )
  if (dynamicShapes.length > tensors.length)
    throw new RangeError(
      `Cannot capture a model: expected dynamicShapes of at most ${tensors.length} inputs, got ${dynamicShapes.length}`,
    )
  for (const [i, named] of dynamicShapes.entries()) {
    const rank = tensors[i]?.value.shape.length ?? 0
    const outside = Object.keys(named ?? {}).find((axis) => !(Number(axis) >= -rank && Number(axis) < rank))
    if (outside === undefined) continue
    throw new RangeError(
      `Cannot capture a model: expected axes in [${-rank}, ${rank}) in dynamicShapes[${i}], got ${outside}`,
    )
  }
}

function placeholder(tensor: Tensor, dynamic?: Readonly<Record<number, string>> | null): Value {
  const shape = tensor.value.shape.map((dim, i): Dim => {
    const name = dynamic?.[i] ?? dynamic?.[i - tensor.value.shape.length]
    return name === undefined ? dim : symbol(name)
  })
  return new Value({ shape, dtype: tensor.dtype })
}

function callAny(model: AnyModule, inputs: readonly unknown[]): unknown {
  const callable: Module<readonly unknown[], unknown> = Object(model)
  return callable(...inputs)
}

/** Name of a parameter of the model's forward, as far as JavaScript tells it. */
function inputName(model: AnyModule, index: number): string {
  const source = String(model.forward)
  const list = source.slice(source.indexOf('(') + 1, source.indexOf(')'))
  const name =
    list
      .split(',')
      [index]?.trim()
      .replace(/[\s=:?].*$/s, '') ?? ''
  return /^[A-Za-z_]\w*$/.test(name) ? name : `args_${index}`
}
