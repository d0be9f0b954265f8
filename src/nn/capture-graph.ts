import { storageOf } from '../engine/placement.ts'
import { StateError } from '../engine/state-error.ts'
import { isConcrete } from '../ir/dim.ts'
import { collectNodes, Graph, type GraphInput } from '../ir/graph.ts'
import { formatType, Node, Value } from '../ir/node.ts'
import type { Scope } from '../ir/scope.ts'
import { liftFreshCopy } from '../ops/elementwise/copies.ts'
import { fromValues } from '../tensor/from-values.ts'
import { sizeOf } from '../tensor/shape.ts'
import { assignState, countsTraining } from './assign-state.ts'
import type { AnyModule } from './module.ts'
import { ModuleScope } from './module-scope.ts'
import { nameGraph } from './node-names.ts'
import { Buffer } from './parameter.ts'
import { unseeded } from './training-form.ts'

/** What a call of a module under capture has left behind. */
export interface Recording {
  readonly model: AnyModule
  /** What stands in for parameters, buffers and arguments. */
  readonly inputs: readonly GraphInput[]
  /** What each state holds at the end, by what stands in for it. */
  readonly finals: ReadonlyMap<Value, Value>
  readonly outputs: readonly Value[]
}

/** A graph of its own, with the tensors that the forward brought along. */
export interface Capture {
  readonly graph: Graph
  readonly constants: readonly (readonly [path: string, tensor: Buffer])[]
}

/**
 * Copies what was recorded into a graph of its own: module paths are written down, state is read and updated in place, and tensors that are no
 * state of the model become buffers `lifted_tensor_<n>`.
 *
 * @param keepGradients whether nodes that were recorded without gradients stay without
 */
export function captureGraph({ model, inputs, finals, outputs }: Recording, keepGradients: boolean): Capture {
  const copier = new Copier(model, inputs, finals, keepGradients)
  const nodes = collectNodes([...outputs, ...finals.values()], (value) => storageOf(value) !== undefined)
  for (const node of nodes) copier.copy(node)
  const graph = new Graph(
    [
      ...inputs.filter(({ kind }) => kind === 'state'),
      ...copier.lifted,
      ...inputs.filter(({ kind }) => kind === 'input'),
    ],
    copier.nodes,
    outputs.map((value) => copier.at(value)),
  )
  nameGraph(graph)
  return { graph, constants: copier.constants }
}

class Copier {
  readonly nodes: Node[] = []
  readonly lifted: GraphInput[] = []
  readonly constants: [string, Buffer][] = []
  readonly #copies = new Map<Value, Value>()
  readonly #assigned = new Map<Value, Value>()
  readonly #counters: ReadonlySet<Value>
  readonly #scopes: FrozenScopes
  readonly #keepGradients: boolean

  constructor(
    model: AnyModule,
    inputs: readonly GraphInput[],
    finals: ReadonlyMap<Value, Value>,
    keepGradients: boolean,
  ) {
    for (const { value } of inputs) this.#copies.set(value, value)
    this.#counters = new Set(inputs.filter(({ name }) => countsTraining(name)).map(({ value }) => value))
    for (const [state, final] of finals) if (state !== final) this.#assigned.set(final, state)
    this.#scopes = new FrozenScopes(model)
    this.#keepGradients = keepGradients
  }

  copy(node: Node): void {
    const { inputs, attrs } = unseeded(node)
    const copied = inputs.map((input) => (input === null ? null : this.at(input)))
    const copy = new Node(node.op, copied, attrs, this.#scopes.freeze(node.scope))
    copy.differentiable = !this.#keepGradients || node.differentiable
    this.nodes.push(copy)
    copy.outputs.forEach((value, i) => {
      const output = node.outputs[i]
      if (output !== undefined) this.#copies.set(output, value)
    })
    // A state that the operation updates is the state again: whoever reads it later reads it in place.
    for (const { input, output } of node.op.updates?.(node.attrs) ?? []) {
      const [state, update] = [copy.inputs[input], node.outputs[output]]
      if (state && update) this.#copies.set(update, state)
    }
    for (const output of node.outputs) this.#assign(output, copy.scope)
  }

  /** What stands for a recorded value in the copy. */
  at(value: Value): Value {
    const copy = this.#copies.get(value)
    return copy ?? this.#lift(value)
  }

  #assign(output: Value, scope: Scope | undefined): void {
    const state = this.#assigned.get(output)
    const content = this.at(output)
    if (state !== undefined && content !== state)
      this.nodes.push(
        new Node(assignState, [state, content], { trainingOnly: this.#counters.has(state) }, scope),
      )
  }

  #lift(value: Value): Value {
    const name = `lifted_tensor_${this.constants.length}`
    const input: GraphInput = { value: new Value(value), name, kind: 'state' }
    const node = new Node(liftFreshCopy, [input.value], {}, undefined)
    const [copy = value] = node.outputs
    this.lifted.push(input)
    this.constants.push([name, bufferOf(value)])
    this.nodes.push(node)
    this.#copies.set(value, copy)
    return copy
  }
}

function bufferOf(value: Value): Buffer {
  const storage = storageOf(value)
  if (storage?.host !== undefined) return new Buffer(storage.host, false)
  if (storage === undefined || !isConcrete(value.shape)) {
    throw new StateError(
      `Cannot capture a model: expected tensors that are inputs, state or data, got ${formatType(value)} without a source (a bug in lowbit)`,
    )
  }
  const buffer = new Buffer(
    fromValues(value.dtype, value.shape, new Float32Array(sizeOf(value.shape))),
    false,
  )
  buffer.rebase(value)
  return buffer
}

/** Scopes whose paths are looked up once and written down. */
class FrozenScopes {
  readonly #paths = new Map<AnyModule, string>()
  readonly #frozen = new Map<Scope, Scope>()

  constructor(model: AnyModule) {
    for (const [path, module] of model.namedModules()) this.#paths.set(module, path)
  }

  freeze(scope: Scope | undefined): Scope | undefined {
    if (scope === undefined) return undefined
    const known = this.#frozen.get(scope)
    if (known !== undefined) return known
    const parent = this.freeze(scope.parent)
    const own = scope instanceof ModuleScope ? this.#paths.get(scope.module) : scope.path
    // A module that is no member of the model, made in a forward, counts to the one that calls it.
    const frozen: Scope = { path: own ?? parent?.path ?? '', className: scope.className, parent }
    this.#frozen.set(scope, frozen)
    return frozen
  }
}
