import type { DType } from '../tensor/dtype.ts'
import type { Attributes } from './attributes.ts'
import { type Dims, formatDims, sameDims } from './dim.ts'
import type { Operation, TensorType } from './operation.ts'
import { currentScope, type Scope } from './scope.ts'

let lastId = 0

/** A tensor in a graph: an output of a node, or an input of the graph when it has none. */
export class Value implements TensorType {
  /** Grows with creation, so that sorting by it is a topological order of what was recorded. */
  readonly id: number
  readonly shape: Dims
  readonly dtype: DType
  /** The node that computes it; null for an input. */
  readonly node: Node | null
  /** Which output of the node it is. */
  readonly index: number
  /** Where the engine keeps its data; for the engine alone. A property, since a weak map of all values slows every garbage collection down. */
  placement: object | undefined

  constructor(type: TensorType, node: Node | null = null, index = 0) {
    this.id = ++lastId
    this.shape = type.shape
    this.dtype = type.dtype
    this.node = node
    this.index = index
    this.placement = undefined
  }
}

/** One application of an operation. */
export class Node<A extends Attributes = Attributes> {
  readonly id: number
  readonly op: Operation<A>
  /** Tensor arguments in ATen order; null for an optional one that is absent. Graph rewrites replace entries. */
  readonly inputs: (Value | null)[]
  readonly attrs: A
  readonly outputs: readonly Value[]
  /** Module that recorded it. */
  readonly scope: Scope | undefined
  /** Name within a captured graph, as `torch.export` gives it: `conv2d`, `conv2d_1`; '' before capture. */
  name = ''
  /** False for what was recorded while gradients were off: no gradient flows through it. */
  differentiable = true
  /** The node of a graph that was read from a file which this one is, or is a copy of; undefined for what was made since. */
  source: Node | undefined = undefined
  /** False for what quantization leaves alone: a mask, whose numbers have no scale that would suit them. */
  quantizable = true
  /** The last walk through a graph that met it, by its number: faster than a set of nodes for each walk. */
  walk = 0

  constructor(
    op: Operation<A>,
    inputs: readonly (Value | null)[],
    attrs: A,
    scope: Scope | undefined = currentScope(),
  ) {
    this.id = ++lastId
    this.op = op
    this.inputs = [...inputs]
    this.attrs = attrs
    this.scope = scope
    this.outputs = this.#infer(inputs).map((type, index) => new Value(type, this, index))
  }

  /** @throws what the operation does, with the module in the message */
  #infer(inputs: readonly (Value | null)[]): readonly TensorType[] {
    try {
      return this.op.infer(inputs, this.attrs)
    } catch (error) {
      if (error instanceof Error && this.scope !== undefined) locate(error, this.op.name, this.scope)
      throw error
    }
  }

  /** Where the node comes from, for messages: `aten.relu in module "features.1" (ReLU)`. */
  get origin(): string {
    if (this.scope === undefined) return this.op.name
    return `${this.op.name} in module "${this.scope.path}" (${this.scope.className})`
  }
}

/** Puts a module behind the name of an operation, in the message of an error and in the stack, which repeats it. */
function locate(error: Error, name: string, { path, className }: Scope): void {
  const module = path === '' ? 'the model' : `module "${path}"`
  const message = error.message.replace(`"${name}"`, `"${name}" in ${module} (${className})`)
  if (error.stack !== undefined) error.stack = error.stack.replace(error.message, message)
  error.message = message
}

/** A new node that is like another one in all but its inputs. */
export function withInputs(node: Node, inputs: readonly (Value | null)[]): Node {
  const copy = new Node(node.op, inputs, node.attrs, node.scope)
  copy.name = node.name
  copy.differentiable = node.differentiable
  copy.source = node.source
  copy.quantizable = node.quantizable
  return copy
}

/** Makes a node and returns all its outputs. */
export function emitAll<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Value | null)[],
  attrs: A,
): readonly Value[] {
  return new Node(op, inputs, attrs).outputs
}

/** Makes a node and returns its first output. */
export function emit<A extends Attributes>(
  op: Operation<A>,
  inputs: readonly (Value | null)[],
  attrs: A,
): Value {
  const [first] = emitAll(op, inputs, attrs)
  if (first === undefined)
    throw new RangeError(`Cannot use "${op.name}" as a value: it has no outputs (a bug in lowbit)`)
  return first
}

/** Whether two values have the same dtype and shape. */
export function typesEqual(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && sameDims(a.shape, b.shape)
}

/** `float32 [2, 3]`, as types stand in messages and listings. */
export function formatType(type: TensorType): string {
  return `${type.dtype} ${formatDims(type.shape)}`
}
