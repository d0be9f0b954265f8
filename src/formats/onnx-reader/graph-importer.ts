import type { NodeProto } from '../../codec/onnx.ts'
import type { Attributes } from '../../ir/attributes.ts'
import { type Dim, isConcrete } from '../../ir/dim.ts'
import type { GraphInput } from '../../ir/graph.ts'
import { Node, Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import { t } from '../../ops/shape/permute.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { isFloating } from '../../tensor/dtype.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { HostArray } from '../../tensor/host-array.ts'
import { ShapeError } from '../../tensor/shape-error.ts'
import { transposeMatrix } from '../../tensor/transpose-matrix.ts'
import { classNameOf } from './class-names.ts'
import { cleanPath, modulePathOf, Scopes, StatePaths } from './module-paths.ts'
import { onnxFailure } from './onnx-failure.ts'
import { type Operand, type StoredTensor, storedOperand } from './operand.ts'
import { conflictOf } from './size-conflict.ts'
import { sizesOp } from './sizes-op.ts'

/** What a tensor of the file is to the operation that reads it: the name that PyTorch's module has for it. */
export type StateRole = 'weight' | 'bias' | 'running_mean' | 'running_var' | 'constant' | (string & {})

/** A parameter or buffer that the graph reads, and where it comes from. */
export interface ImportedState {
  readonly path: string
  readonly tensor: Parameter | Buffer
  readonly content: HostArray
  /** The tensor of the file that it is, or is the transpose of; undefined for a part of one. */
  readonly source: string | undefined
  readonly isTransposed: boolean
}

/** Roles of what training changes. */
const LEARNED = new Set(['weight', 'bias'])

/** Collects the nodes, states and names of a graph while it is imported. */
export class GraphImporter {
  readonly inputs: GraphInput[] = []
  readonly nodes: Node[] = []
  readonly states: ImportedState[] = []
  /** What the file calls the values that it has: inputs, and results of nodes. */
  readonly names: Map<Value, string> = new Map()
  readonly #operands = new Map<string, Operand>()
  readonly #stateValues = new Map<string, { readonly value: Value; readonly isTransposed: boolean }>()
  /** Paths of weights, by their values. */
  readonly #weights = new Map<Value, string>()
  readonly #paths = new StatePaths()
  readonly #scopes = new Scopes()
  readonly #declared: (name: string) => TensorType | undefined

  /** @param declared types that the file or a runtime knows */
  constructor(declared: (name: string) => TensorType | undefined) {
    this.#declared = declared
  }

  /** Defines a name. */
  define(name: string, operand: Operand | Value): void {
    if (operand instanceof Value && !this.names.has(operand)) this.names.set(operand, name)
    this.#operands.set(name, operand instanceof Value ? operandOf(name, operand) : operand)
  }

  /** Defines a tensor of the file. */
  defineTensor(name: string, array: HostArray): void {
    this.define(name, storedOperand(name, array, { tensor: name, isTransposed: false }))
  }

  /** Whether a name is defined. */
  defines(name: string): boolean {
    return this.#operands.has(name)
  }

  /** What a name stands for. @throws FormatError when nothing defined it */
  operand(name: string, reader: string): Operand {
    const operand = this.#operands.get(name)
    if (operand !== undefined) return operand
    throw onnxFailure(reader, `"${name}" to be made by an input, a tensor or a node`, 'none')
  }

  /** Adds an input of the graph that a caller gives. */
  addInput(name: string, argument: string, type: TensorType): void {
    const value = new Value(type)
    this.inputs.push({ value, name: argument, kind: 'input' })
    this.define(name, value)
  }

  /** The type that the file or a runtime gives to a name. */
  declaredType(name: string): TensorType | undefined {
    return this.#declared(name)
  }

  /** Path of the module that a node belongs to. */
  modulePathOf(node: NodeProto): string {
    return modulePathOf(node)
  }

  /** An operand as a value of the graph. */
  valueOf(operand: Operand): Value {
    if (operand.value !== undefined) return operand.value
    if (operand.stored !== undefined) return this.state(operand, 'constant', '')
    operand.value = this.#madeOf(operand)
    return operand.value
  }

  #madeOf({ name, shape, dtype, elements = [] }: Operand): Value {
    if (isConcrete(elements)) {
      const array = fromValues(dtype, shape.map(Number), elements)
      return this.#addState(cleanPath(name), new Buffer(array), array, { tensor: name, isTransposed: false })
    }
    const [made] = this.emit(sizesOp, [], { sizes: elements, size: shape, dtype })
    if (made === undefined) return onnxNothing(name)
    this.names.set(made, name)
    return made
  }

  /** A tensor of the file as a parameter or buffer; any other operand as the value that it is. */
  state(operand: Operand, role: StateRole, modulePath: string): Value {
    const { stored } = operand
    if (operand.value !== undefined || stored === undefined) return this.valueOf(operand)
    const known = this.#stateValues.get(stored.tensor)
    if (known !== undefined)
      return known.isTransposed === stored.isTransposed ? known.value : this.#turned(known.value)
    return this.#addStored(operand.name, stored, role, modulePath)
  }

  /** A part of a tensor of the file as a parameter of its own. */
  statePart(
    operand: Operand,
    role: StateRole,
    modulePath: string,
    part: (array: HostArray) => HostArray,
  ): Value {
    const { stored } = operand
    if (stored === undefined) return this.valueOf(operand)
    const source = `${stored.tensor}#${role}`
    const known = this.#stateValues.get(source)
    if (known !== undefined) return known.value
    const content = part(stored.array())
    return this.#addState(statePath(operand.name, role, modulePath), new Parameter(content), content, {
      tensor: source,
      isTransposed: false,
      isPart: true,
    })
  }

  /** A matrix of the file with its dimensions exchanged. */
  transposed(operand: Operand): Operand {
    return operand.stored === undefined ? operand : transposedOperand(operand, operand.stored)
  }

  /**
   * A matrix [in, out], or [out, in] where `isTransposed`, as a weight [out, in]; undefined where it is not a tensor of the file, or the other way round for
   * another operation already, which has to go on sharing it.
   */
  linearWeight(operand: Operand, isTransposed: boolean, modulePath: string): Value | undefined {
    const { stored, shape } = operand
    if (stored === undefined || shape.length !== 2) return undefined
    const weight = isTransposed ? operand : transposedOperand(operand, stored)
    const known = this.#stateValues.get(stored.tensor)
    if (known !== undefined && known.isTransposed !== weight.stored?.isTransposed) return undefined
    return this.state(weight, 'weight', modulePath)
  }

  /** Makes a node and gives its outputs. @throws SizeConflict where sizes differ that have to be equal; FormatError where the operation rejects its inputs */
  emit<A extends Attributes>(
    op: Operation<A>,
    inputs: readonly (Value | null)[],
    attrs: A,
    source?: NodeProto,
  ): readonly Value[] {
    const scope = source && this.#scopes.at(this.#ownerOf(source, inputs), classNameOf(op.name))
    const node = this.#node(op, inputs, attrs, scope, source)
    this.nodes.push(node)
    return node.outputs
  }

  /** The module of a node: as its name says, or else the one that its weight belongs to. */
  #ownerOf(source: NodeProto, inputs: readonly (Value | null)[]): string {
    const path = modulePathOf(source)
    if (path !== '') return path
    for (const input of inputs) {
      const state = input === null ? undefined : this.#weights.get(input)
      if (state !== undefined) return state.slice(0, Math.max(state.lastIndexOf('.'), 0))
    }
    return ''
  }

  #node<A extends Attributes>(
    op: Operation<A>,
    inputs: readonly (Value | null)[],
    attrs: A,
    scope: Node['scope'],
    source: NodeProto | undefined,
  ): Node {
    try {
      return new Node<Attributes>(op, inputs, attrs, scope)
    } catch (error) {
      if (error instanceof ShapeError) {
        const conflict = conflictOf(inputs)
        if (conflict !== undefined) throw conflict
      }
      if (error instanceof RangeError || error instanceof TypeError)
        throw onnxFailure(
          source?.name || source?.opType || op.name,
          'inputs that the operation takes',
          error.message,
        )
      throw error
    }
  }

  #turned(value: Value): Value {
    return this.emit(t, [value], {})[0] ?? value
  }

  #addStored(name: string, stored: StoredTensor, role: StateRole, modulePath: string): Value {
    const array = stored.array()
    const isLearned = LEARNED.has(role) && isFloating(array.dtype)
    const tensor = isLearned ? new Parameter(array) : new Buffer(array)
    return this.#addState(statePath(name, role, modulePath), tensor, array, stored)
  }

  #addState(
    candidate: string,
    tensor: Parameter | Buffer,
    content: HostArray,
    from: Pick<StoredTensor, 'tensor' | 'isTransposed'> & { readonly isPart?: boolean },
  ): Value {
    const path = this.#paths.fresh(candidate)
    const value = new Value({ shape: tensor.shape, dtype: tensor.dtype })
    const { isTransposed } = from
    this.inputs.push({ value, name: path, kind: 'state' })
    const source = from.isPart === true ? undefined : from.tensor
    this.states.push({ path, tensor, content, source, isTransposed })
    this.#stateValues.set(from.tensor, { value, isTransposed })
    if (path.endsWith('.weight')) this.#weights.set(value, path)
    return value
  }
}

/**
 * The path of a tensor: a module's, and what it is to the module. Tensors that are called so keep their names; of others the name stands for the
 * module where the node has none (`conv2d_0.w_0` is the weight of `conv2d_0`).
 */
function statePath(name: string, role: StateRole, modulePath: string): string {
  const isDotted = /^[A-Za-z_]\w*(?:\.\w+)+$/.test(name)
  if (isDotted && (role === 'constant' || name.endsWith(`.${role}`))) return cleanPath(name)
  const last = cleanPath(name.split(/[/:;]/).findLast((part) => part !== '') ?? '').replaceAll('.', '_')
  if (role === 'constant') return [modulePath, last || 'constant'].filter((part) => part !== '').join('.')
  const owner = isDotted ? name.slice(0, name.lastIndexOf('.')) : name
  return cleanPath(`${modulePath === '' ? owner : modulePath}.${role}`)
}

function operandOf(name: string, value: Value): Operand {
  return { name, shape: value.shape, dtype: value.dtype, value }
}

/** The transposed matrix, as a tensor of its own. */
function transposedOperand(operand: Operand, stored: StoredTensor): Operand {
  const [rows = 0, columns = 0] = operand.shape
  return {
    name: operand.name,
    shape: [columns, rows],
    dtype: operand.dtype,
    stored: { ...stored, isTransposed: !stored.isTransposed, array: () => transposeMatrix(stored.array()) },
  }
}

function onnxNothing(name: string): never {
  throw onnxFailure(name, 'a tensor', 'none')
}

/** Elements cast to another dtype, as a tensor of the file of a name of its own. */
export function castStored(
  operand: Operand,
  stored: StoredTensor,
  dtype: Operand['dtype'],
  tensor: string,
): Operand {
  const array = () => castArray(stored.array(), dtype)
  return { ...operand, dtype, elements: undefined, stored: { tensor, isTransposed: false, array } }
}

/** Elements under another shape, as a tensor of the file of a name of its own. */
export function reshapedStored(
  operand: Operand,
  stored: StoredTensor,
  shape: readonly Dim[],
  tensor: string,
): Operand {
  const sizes = shape.map(Number)
  const array = () => {
    const { dtype, bytes } = stored.array()
    return new HostArray(dtype, sizes, bytes)
  }
  return { ...operand, shape: sizes, stored: { tensor, isTransposed: false, array } }
}
