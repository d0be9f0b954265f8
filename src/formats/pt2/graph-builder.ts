import type { Attributes, AttributeValue } from '../../ir/attributes.ts'
import { type Dim, dimsEqual } from '../../ir/dim.ts'
import type { GraphInput } from '../../ir/graph.ts'
import { formatType, Node, Value } from '../../ir/node.ts'
import type { Operation } from '../../ir/operation.ts'
import type { Scope } from '../../ir/scope.ts'
import { assignState, countsTraining } from '../../nn/assign-state.ts'
import { logicalNot } from '../../ops/elementwise/logic.ts'
import { to } from '../../ops/elementwise/to.ts'
import { operations } from '../../ops/index.ts'
import { adaptCall } from './adapt-arguments.ts'
import { type Argument, readArgument } from './argument.ts'
import { type AtenTarget, defaultOf, isIgnored, isTensorParameter, parseTarget } from './aten-schemas.ts'
import type { JsonView } from './json-view.ts'
import type { ProgramInput } from './program.ts'
import { readComparedSize, readDType, readSize, readTensorType, SizeHints } from './tensor-meta.ts'
import { TensorTable } from './tensor-table.ts'

const OPERATIONS: ReadonlyMap<string, Operation> = new Map(operations.map((op) => [op.name, op]))

/** Checks and arithmetic of sizes: the sizes that come out stand in the program as expressions. */
const SIZES_AND_CHECKS = /^(?:torch\.ops\.aten\.(?:_assert_|sym_)|torch\.sym_|_operator\.|math\.)/

/** Targets of a graph that lowbit has not, with how often they occur. */
export function missingOperations(graph: JsonView): Map<string, number> {
  const missing = new Map<string, number>()
  for (const node of graph.field('nodes').items()) {
    const target = node.field('target').string()
    if (operationOf(target) === undefined && !SIZES_AND_CHECKS.test(target))
      missing.set(target, (missing.get(target) ?? 0) + 1)
  }
  return missing
}

/** Makes nodes out of a program's. */
export class GraphBuilder {
  readonly inputs: GraphInput[] = []
  readonly nodes: Node[] = []
  readonly #graph: JsonView
  readonly #scopeOf: (node: JsonView) => Scope | undefined
  readonly #tensors: TensorTable
  readonly #types: ReadonlyMap<string, JsonView>
  readonly #sizes: ReadonlyMap<string, JsonView>
  readonly #hints = new SizeHints()
  readonly #states = new Map<string, Value>()

  /** @param scopeOf tells which module a node comes from */
  constructor(graph: JsonView, scopeOf: (node: JsonView) => Scope | undefined) {
    this.#graph = graph
    this.#scopeOf = scopeOf
    this.#types = new Map(graph.field('tensor_values').entries())
    this.#sizes = new Map(graph.optional('sym_int_values')?.entries() ?? [])
    this.#tensors = new TensorTable()
  }

  /** Adds an input of the graph; a state's name is its path. */
  addInput(input: ProgramInput): void {
    const { name, at, kind } = input
    const recorded = this.#types.get(name) ?? at.fail('an input with a type', `"${name}"`)
    if (kind === 'input') this.#hints.learn(recorded)
    const value = new Value(readTensorType(recorded))
    const own: GraphInput = kind === 'state' ? { value, name: input.path, kind } : { value, name, kind }
    this.inputs.push(own)
    if (kind === 'state') this.#states.set(input.path, value)
    this.#tensors.define(name, value, at, own)
  }

  /** Adds all nodes, in order. */
  addNodes(): void {
    for (const node of this.#graph.field('nodes').items()) this.#addNode(node)
  }

  /** Makes a tensor the next content of a state. */
  assign(path: string, content: Value, scope: Scope | undefined): void {
    const state = this.#states.get(path)
    if (state === undefined || state === content) return
    this.nodes.push(new Node(assignState, [state, content], { trainingOnly: countsTraining(path) }, scope))
  }

  /** What a name of the program stands for now. */
  valueOf(name: string, at: JsonView): Value {
    return this.#tensors.read(name, at)
  }

  #addNode(view: JsonView): void {
    const target = view.field('target')
    const known = operationOf(target.string())
    if (known === undefined) return
    const { aten } = known
    const call = this.#argumentsOf(view, aten)
    const scope = this.#scopeOf(view)
    const kernel = call.inputs[1]?.shape ?? []
    const { name, attrs, cast } = inPlaceOf(view, () =>
      adaptCall(aten.name, aten.overload, call.attrs, kernel),
    )
    const operation = OPERATIONS.get(`aten.${name}`) ?? known.operation
    const arranged = aten.name === 'masked_fill' ? this.#choices(call.inputs, scope) : call.inputs
    const inputs = this.#castFirst(arranged, cast, scope)
    const node = inPlaceOf(view, () => new Node(operation, inputs, attrs, scope))
    const outputs = outputNames(view)
    node.name = view.optional('name')?.string() ?? outputs[0] ?? ''
    this.nodes.push(node)
    this.#define(view, node, outputs, aten)
  }

  #castFirst(inputs: readonly (Value | null)[], dtype: AttributeValue | undefined, scope: Scope | undefined) {
    const [first, ...others] = inputs
    if (dtype === undefined || !first || first.dtype === dtype) return inputs
    const node = new Node(TO, [first], { dtype }, scope)
    this.nodes.push(node)
    return [node.outputs[0] ?? first, ...others]
  }

  /** The inputs of a choice that fills: a tensor where the mask holds, or the tensor itself where it does not. */
  #choices(
    [self = null, mask = null, value]: readonly (Value | null)[],
    scope: Scope | undefined,
  ): readonly (Value | null)[] {
    if (value) return [mask, value, self]
    const node = new Node(NOT, [mask], {}, scope)
    this.nodes.push(node)
    return [node.outputs[0] ?? null, self]
  }

  #argumentsOf(
    view: JsonView,
    { schema, inPlace }: AtenTarget,
  ): { inputs: (Value | null)[]; attrs: Attributes } {
    const given = new Map(
      view
        .field('inputs')
        .items()
        .map((item) => [item.field('name').string(), item.field('arg')]),
    )
    const inputs: (Value | null)[] = []
    const attrs: Record<string, AttributeValue> = {}
    for (const [i, [name, parameter]] of Object.entries(schema).entries()) {
      // What changes its first argument in place calls it so.
      const key = inPlace && i === 0 && given.has('self') ? 'self' : name
      const at = given.get(key)
      given.delete(key)
      if (isIgnored(parameter)) continue
      const argument = at && readArgument(at, (size, place) => this.#sizeOf(size, place))
      if (isTensorParameter(parameter)) {
        const [tensors, constant] = this.#tensorsOf(argument, at ?? view)
        if (constant === undefined) inputs.push(...tensors)
        else attrs[camelCase(name)] = constant
      } else
        attrs[camelCase(name)] =
          constantOf(argument, at) ?? defaultOf(parameter) ?? missing(view, name, parameter)
    }
    const [unknown] = given
    if (unknown !== undefined) unknown[1].fail('an argument that the operation has', `"${unknown[0]}"`)
    while (inputs.at(-1) === null) inputs.pop()
    return { inputs, attrs }
  }

  /** Tensors of an argument, or the number that stands for one. */
  #tensorsOf(argument: Argument | undefined, at: JsonView): [(Value | null)[], AttributeValue?] {
    if (argument === undefined) return [[null]]
    if (argument.kind === 'tensor') return [[this.valueOf(argument.name, at)]]
    if (argument.kind === 'tensors')
      return [argument.names.map((name) => (name === null ? null : this.valueOf(name, at)))]
    return argument.value === null ? [[null]] : [[], argument.value]
  }

  #sizeOf(name: string, at: JsonView): Dim {
    const recorded = this.#sizes.get(name) ?? at.fail('the name of a size', `"${name}"`)
    return readSize(recorded)
  }

  #define(view: JsonView, node: Node, names: readonly string[], { inPlace, name }: AtenTarget): void {
    if (names.length > node.outputs.length)
      view.field('outputs').fail(`at most ${node.outputs.length} outputs`, `${names.length}`)
    names.forEach((output, i) => {
      const value = node.outputs[i]
      if (value === undefined || output === '') return
      this.#checkType(output, value, view)
      if (inPlace) this.#replace(output, value, node, view)
      else this.#tensors.define(output, value, view, undefined, VIEWS.has(name) ? node.inputs[0] : undefined)
    })
  }

  /** Whoever reads the first argument from here on reads the result; a state keeps it. */
  #replace(output: string, value: Value, node: Node, view: JsonView): void {
    const [first] = node.inputs
    const cell = first ? this.#tensors.replace(first, output, value, view) : undefined
    if (cell?.input?.kind === 'state') this.assign(cell.input.name, value, node.scope)
  }

  #checkType(name: string, inferred: Value, view: JsonView): void {
    const recorded = this.#types.get(name) ?? view.field('outputs').fail('an output with a type', `"${name}"`)
    const dtype = readDType(recorded.field('dtype'))
    const sizes = recorded.field('sizes').items()
    const isSame =
      dtype === inferred.dtype &&
      sizes.length === inferred.shape.length &&
      inferred.shape.every((dim, i) => this.#sameDim(sizes[i], dim))
    if (!isSame)
      recorded.fail(
        `${formatType(inferred)}, as the node "${name}" gives it`,
        formatType(readTensorType(recorded)),
      )
  }

  /** Whether two sizes are the same, as far as can be told: expressions that are written otherwise are compared by the example's sizes. */
  #sameDim(recorded: JsonView | undefined, b: Dim): boolean {
    const a = recorded && readComparedSize(recorded)
    if (a === undefined || dimsEqual(a, b)) return true
    if (typeof a === 'number' && typeof b === 'number') return false
    const [x, y] = [this.#hints.evaluate(a), this.#hints.evaluate(b)]
    return x === undefined || y === undefined || x === y
  }
}

const TO: Operation = OPERATIONS.get(to.name) ?? missingOperation(to.name)
const NOT: Operation = logicalNot

/** Operations whose result may share memory with their first input. */
const VIEWS = new Set(
  'alias chunk contiguous detach dropout expand feature_dropout flatten permute reshape select slice split split_with_sizes squeeze t to transpose unflatten unsqueeze view'.split(
    ' ',
  ),
)

function operationOf(target: string): { aten: AtenTarget; operation: Operation } | undefined {
  const aten = parseTarget(target)
  if (aten === undefined) return undefined
  const operation = OPERATIONS.get(`aten.${adaptedName(aten)}`)
  return operation && { aten, operation }
}

/** ATen's other names for an operation. */
function adaptedName({ name }: AtenTarget): string {
  return SAME.get(name) ?? name
}

const SAME = new Map([
  ['clamp_max', 'clamp'],
  ['clamp_min', 'clamp'],
  ['concat', 'cat'],
  ['floor_divide', 'div'],
  ['masked_fill', 'where'],
])

/** Names of a node's outputs that are tensors, in order. */
function outputNames(view: JsonView): string[] {
  return view
    .field('outputs')
    .items()
    .flatMap((output) => {
      const [kind, content] = output.variant()
      if (kind === 'as_tensor') return [content.field('name').string()]
      if (kind === 'as_tensors') return content.items().map((item) => item.field('name').string())
      return output.fail('a tensor', kind)
    })
}

function constantOf(argument: Argument | undefined, at: JsonView | undefined): AttributeValue | undefined {
  if (argument === undefined || argument.kind === 'constant') return argument?.value
  return at?.fail('a constant', 'a tensor')
}

function missing(view: JsonView, name: string, parameter: unknown): null {
  if (parameter === null) return null
  return view.field('inputs').fail(`the argument "${name}"`, 'none')
}

function missingOperation(name: string): never {
  throw new RangeError(`Cannot find "${name}": expected it among the operations (a bug in lowbit)`)
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** What an operation rejects, told as a fault of the program at the node. */
function inPlaceOf<T>(view: JsonView, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      return view.fail('arguments that the operation takes', error.message)
    throw error
  }
}
