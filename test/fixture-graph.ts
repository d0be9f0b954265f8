import { readFileSync } from 'node:fs'
import type { Attributes, AttributeValue } from '../src/ir/attributes.ts'
import { type Dim, dimsEqual, symbol } from '../src/ir/dim.ts'
import { Graph, type GraphInput } from '../src/ir/graph.ts'
import { formatType, Node, Value } from '../src/ir/node.ts'
import type { Operation, TensorType } from '../src/ir/operation.ts'
import type { Scope } from '../src/ir/scope.ts'
import { assignState } from '../src/nn/assign-state.ts'
import type { ModelLayout } from '../src/nn/model-layout.ts'
import { operations } from '../src/ops/index.ts'
import type { DType } from '../src/tensor/dtype.ts'

/** An argument of a recorded node: a reference, a list of arguments, or a constant. */
export type FixtureArgument =
  | { readonly node: string }
  | { readonly dtype: string }
  | { readonly const: string }
  | readonly FixtureArgument[]
  | number
  | string
  | boolean
  | null

/** Type of a recorded value; symbolic sizes are strings. */
interface FixtureType {
  readonly shape: readonly (number | string)[]
  readonly dtype: DType
}

/** A node of a graph that PyTorch recorded. */
export interface FixtureNode {
  readonly name: string
  readonly op: 'get_attr' | 'placeholder' | 'call_function' | 'call_module' | 'output'
  readonly target: string
  readonly args: readonly FixtureArgument[]
  readonly kwargs?: Readonly<Record<string, FixtureArgument>>
  readonly val?: FixtureType | readonly FixtureType[]
  readonly nn_module_stack?: readonly (readonly [path: string, className: string])[]
}

/** What `exported.json` says of a model. */
export interface FixtureModel {
  readonly training: boolean
  readonly graph: readonly FixtureNode[]
  readonly modules: readonly {
    readonly name: string
    readonly type: string
    readonly same_object_as?: string
  }[]
  readonly tied_states: readonly (readonly string[])[]
  readonly compressible_op_names_graph?: readonly string[]
}

/** A recorded model as a graph of ours. */
export interface FixtureGraph {
  readonly graph: Graph
  readonly layout: ModelLayout
  /** Names that the recording gave to values, those of results included. */
  readonly names: ReadonlyMap<Value, string>
}

type Schema = readonly (readonly [
  name: string,
  kind: 'tensor' | 'tensors' | 'number' | 'dropped',
  initial: AttributeValue,
])[]

const schemas: Readonly<Record<string, Schema>> = JSON.parse(
  readFileSync(new URL('./fixtures/graph/aten-schemas.json', import.meta.url), 'utf8'),
)
const byName = new Map(operations.map((operation) => [operation.name, operation]))

/** Builds the graph that a recording tells of. Operations that change their input in place are read as plain ones. */
export function readFixtureGraph(model: FixtureModel): FixtureGraph {
  const reader = new Reader()
  for (const node of model.graph) reader.read(node)
  const graph = new Graph(reader.inputs, reader.nodes, reader.outputs)
  return { graph, layout: layoutOf(model), names: reader.names }
}

class Reader {
  readonly inputs: GraphInput[] = []
  readonly nodes: Node[] = []
  readonly outputs: Value[] = []
  readonly names = new Map<Value, string>()
  readonly #values = new Map<string, readonly Value[]>()

  read(node: FixtureNode): void {
    if (node.op === 'get_attr' || node.op === 'placeholder') this.#readInput(node)
    else if (node.op === 'output') this.outputs.push(...this.#tensors(node.args))
    else if (node.target === 'operator.getitem') this.#readItem(node)
    else if (!node.target.startsWith('aten._')) this.#readCall(node)
  }

  #readInput({ name, op, target, val }: FixtureNode): void {
    const [type = { shape: [], dtype: 'float32' }] = [val].flat()
    const value = new Value(typeOf(type))
    this.inputs.push({ value, name: target, kind: op === 'get_attr' ? 'state' : 'input' })
    this.#define(name, [value])
  }

  #readItem({ name, args: [source, index] }: FixtureNode): void {
    const values = isReference(source) ? this.#values.get(source.node) : undefined
    const value = values?.[Number(index)]
    if (value !== undefined) this.#define(name, [value])
  }

  #readCall(fixture: FixtureNode): void {
    const [, aten = ''] = fixture.target.split('.')
    const { inputs, attrs } = this.#argumentsOf(fixture)
    const name = `aten.${aten.replace(/_$/, '')}`
    const operation = byName.get(name) ?? standIn(name, fixture)
    const node = new Node(operation, inputs, attrs, scopeOf(fixture))
    checkTypes(node, fixture)
    node.name = fixture.name
    this.nodes.push(node)
    this.#define(fixture.name, node.outputs)
    if (aten.endsWith('_')) this.#replaceInPlace(fixture, node)
  }

  /** Whoever reads the argument after an operation in place reads the result; a state keeps it. */
  #replaceInPlace({ args: [target] }: FixtureNode, node: Node): void {
    const [state] = node.inputs
    if (this.inputs.some(({ value, kind }) => value === state && kind === 'state')) {
      this.nodes.push(
        new Node(assignState, [state ?? null, node.outputs[0] ?? null], { trainingOnly: true }, node.scope),
      )
    } else if (isReference(target)) this.#values.set(target.node, node.outputs)
  }

  #argumentsOf(fixture: FixtureNode): { inputs: (Value | null)[]; attrs: Attributes } {
    const schema = schemas[fixture.target]
    if (schema === undefined)
      throw new RangeError(`Cannot read "${fixture.target}": expected a schema, got none`)
    const inputs: (Value | null)[] = []
    const attrs: Record<string, AttributeValue> = {}
    schema.forEach(([key, kind, initial], i) => {
      const given = fixture.args[i] ?? fixture.kwargs?.[key] ?? initial
      if (kind === 'dropped' || (key === 'dtype' && given === null)) return
      const isTensor = kind === 'tensor' && (given === null || isReference(given))
      if (kind === 'tensors') inputs.push(...this.#tensors(given))
      else if (isTensor) inputs.push(given === null ? null : (this.#tensors(given)[0] ?? null))
      else attrs[key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())] = attributeOf(given)
    })
    while (inputs.at(-1) === null) inputs.pop()
    return { inputs, attrs: withImplied(fixture, attrs) }
  }

  #tensors(given: unknown): Value[] {
    if (Array.isArray(given)) return given.flatMap((entry) => this.#tensors(entry))
    if (!isReference(given)) return []
    const [value] = this.#values.get(given.node) ?? []
    if (value === undefined)
      throw new RangeError(`Cannot read a node: expected "${given.node}" before, got nothing`)
    return [value]
  }

  #define(name: string, values: readonly Value[]): void {
    this.#values.set(name, values)
    const [first] = values
    if (first !== undefined) this.names.set(first, name)
  }
}

/** Arguments that PyTorch works out from others. */
function withImplied({ target, val }: FixtureNode, attrs: Record<string, AttributeValue>): Attributes {
  const [type] = [val].flat()
  if (/pool/.test(target) && Array.isArray(attrs.stride) && attrs.stride.length === 0)
    return { ...attrs, stride: attrs.kernelSize ?? [] }
  if (/aten\.(zeros|arange|zeros_like)\./.test(target)) {
    const range = target.startsWith('aten.arange') ? { start: 0, step: 1 } : {}
    return { ...range, ...attrs, dtype: type?.dtype ?? 'float32' }
  }
  if (target === 'aten.squeeze.dim') return { ...attrs, dim: [Number(attrs.dim)] }
  if (target === 'aten.div.Tensor') return { ...attrs, roundingMode: null }
  return attrs
}

/** Stands for an operation that lowbit has not: it only knows the recorded types. */
function standIn(name: string, fixture: FixtureNode): Operation {
  return { name, infer: () => typesOf(fixture), gradient: 'none', lower: () => [] }
}

/** @throws RangeError when a node's outputs are not what was recorded */
function checkTypes({ op, outputs }: Node, fixture: FixtureNode): void {
  typesOf(fixture).forEach((type, i) => {
    const inferred = outputs[i]
    if (inferred && sameType(inferred, type)) return
    throw new RangeError(
      `Cannot read "${op.name}": expected ${formatType(type)}, got ${inferred ? formatType(inferred) : 'nothing'}`,
    )
  })
}

function typesOf({ val }: FixtureNode): TensorType[] {
  return [val].flat().flatMap((type) => (type === undefined ? [] : [typeOf(type)]))
}

function sameType(a: TensorType, b: TensorType): boolean {
  return (
    a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((dim, i) => dimsEqual(dim, b.shape[i] ?? -1))
  )
}

function typeOf({ shape, dtype }: FixtureType): TensorType {
  return { dtype, shape: shape.map((size): Dim => (typeof size === 'number' ? size : symbol(size))) }
}

function attributeOf(given: unknown): AttributeValue {
  if (Array.isArray(given)) return given.map(attributeOf)
  if (typeof given === 'object' && given !== null && 'dtype' in given) return String(given.dtype)
  if (typeof given === 'number' || typeof given === 'string' || typeof given === 'boolean') return given
  return null
}

function scopeOf({ nn_module_stack: stack = [] }: FixtureNode): Scope | undefined {
  return stack.reduce<Scope | undefined>(
    (parent, [path, className]) => ({ path, className, parent }),
    undefined,
  )
}

function layoutOf({ graph, modules, tied_states: ties }: FixtureModel): ModelLayout {
  const aliases = new Map<string, [string, ...string[]]>()
  for (const { name, same_object_as: first } of modules) {
    const known = first === undefined ? undefined : aliases.get(first)
    if (known === undefined) aliases.set(name, [name])
    else known.push(name)
  }
  const classNames = new Map(modules.map(({ name, type }) => [name, type]))
  const states = graph.filter(({ op }) => op === 'get_attr').map(({ target }) => target)
  const tied = new Set(ties.flat())
  return {
    modules: [...aliases].map(([name, paths]) => ({ paths, className: classNames.get(name) ?? '' })),
    states: [
      ...states.filter((path) => !tied.has(path)).map((path) => ({ paths: [path] as const })),
      ...ties.flatMap(([first, ...others]) =>
        first === undefined ? [] : [{ paths: [first, ...others] as const }],
      ),
    ].map(({ paths: [first, ...others] }) => ({ paths: [first, ...others] })),
  }
}

function isReference(given: unknown): given is { readonly node: string } {
  return typeof given === 'object' && given !== null && 'node' in given
}
