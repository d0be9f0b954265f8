import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
} from '../../codec/onnx.ts'
import type { Attributes } from '../../ir/attributes.ts'
import type { Dim, Dims } from '../../ir/dim.ts'
import type { Value } from '../../ir/node.ts'
import type { Operation, TensorType } from '../../ir/operation.ts'
import type { Content } from './fold/content.ts'
import type { GraphImporter, StateRole } from './graph-importer.ts'
import { onnxFailure } from './onnx-failure.ts'
import type { Operand } from './operand.ts'

/** What an importer makes of a node: its outputs in order; undefined where it does not know this form of the node. */
export type Imported = Value | Operand | readonly (Value | Operand)[] | undefined

/** Makes operations of lowbit's out of a node of the file. */
export type Importer = (call: NodeCall) => Imported

const decoder = new TextDecoder()

/** A node of the file as an importer sees it: its attributes, checked, and its inputs as values, sizes or constants. */
export class NodeCall {
  readonly node: NodeProto
  readonly #importer: GraphImporter
  readonly #attributes: ReadonlyMap<string, AttributeProto>

  constructor(node: NodeProto, importer: GraphImporter) {
    this.node = node
    this.#importer = importer
    this.#attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]))
  }

  /** How messages call the node. */
  get title(): string {
    return this.node.name === '' ? this.node.opType : `${this.node.opType} ${this.node.name}`
  }

  /** What the file calls the first result. */
  get outputName(): string {
    return this.node.output[0] ?? ''
  }

  /** How many inputs are given, absent ones among them. */
  get inputCount(): number {
    return this.node.input.length
  }

  /** Whether an attribute is given. */
  has(name: string): boolean {
    return this.#attributes.has(name)
  }

  /** An integer attribute. */
  int(name: string, byDefault: number): number {
    return this.#integer(this.#attribute(name, AttributeType.INT)?.i, byDefault)
  }

  /** An attribute that is a list of integers; undefined where it is absent. */
  ints(name: string): number[] | undefined {
    return this.#attribute(name, AttributeType.INTS)?.ints.map((entry) => this.#integer(entry, 0))
  }

  /** A floating point attribute. */
  float(name: string, byDefault: number): number {
    return this.#attribute(name, AttributeType.FLOAT)?.f ?? byDefault
  }

  /** An attribute that is a text. */
  text(name: string, byDefault: string): string {
    const attribute = this.#attribute(name, AttributeType.STRING)
    return attribute === undefined ? byDefault : decoder.decode(attribute.s)
  }

  /** An attribute that is a list of texts; undefined where it is absent. */
  texts(name: string): string[] | undefined {
    return this.#attribute(name, AttributeType.STRINGS)?.strings.map((entry) => decoder.decode(entry))
  }

  /** An attribute of any kind. */
  attribute(name: string): AttributeProto | undefined {
    return this.#attributes.get(name)
  }

  /** An input that has to be there. @throws FormatError when it is absent */
  input(index: number): Operand {
    return this.optional(index) ?? this.fail(`an input ${index}`, 'none')
  }

  /** An input that may be absent. */
  optional(index: number): Operand | undefined {
    const name = this.node.input[index] ?? ''
    return name === '' ? undefined : this.#importer.operand(name, this.title)
  }

  /** An input as a value of the graph. */
  value(index: number): Value {
    return this.#importer.valueOf(this.input(index))
  }

  /** An operand as a value of the graph. */
  valueOf(operand: Operand): Value {
    return this.#importer.valueOf(operand)
  }

  /** An input that may be absent, as a value of the graph. */
  optionalValue(index: number): Value | null {
    const operand = this.optional(index)
    return operand === undefined ? null : this.#importer.valueOf(operand)
  }

  /** An input as a parameter or buffer of a role where it is a tensor of the file, else as any value. */
  state(index: number, role: StateRole): Value {
    return this.#importer.state(this.input(index), role, this.modulePath)
  }

  /** The same for an input that may be absent. */
  optionalState(index: number, role: StateRole): Value | null {
    return this.optional(index) === undefined ? null : this.state(index, role)
  }

  /** A matrix as a linear layer's weight, [out, in]; the input has it transposed unless told otherwise. */
  linearWeight(operand: Operand, isTransposed: boolean): Value | undefined {
    return this.#importer.linearWeight(operand, isTransposed, this.modulePath)
  }

  /** Elements of an input as integers or sizes; undefined where they are not known. */
  elements(index: number): Dims | undefined {
    return this.optional(index)?.elements
  }

  /** Elements of an input that are numbers; undefined where they are not known, or sizes are among them. */
  numbers(index: number): number[] | undefined {
    const elements = this.elements(index)
    return elements?.every((entry) => typeof entry === 'number') ? [...elements] : undefined
  }

  /** Path of the module that the node belongs to. */
  get modulePath(): string {
    return this.#importer.modulePathOf(this.node)
  }

  /** Makes a node and gives its first output. */
  emit<A extends Attributes>(op: Operation<A>, inputs: readonly (Value | null)[], attrs: A): Value {
    return this.emitAll(op, inputs, attrs)[0] ?? this.fail('an operation with results', op.name)
  }

  /** Makes a node and gives all its outputs. */
  emitAll<A extends Attributes>(
    op: Operation<A>,
    inputs: readonly (Value | null)[],
    attrs: A,
  ): readonly Value[] {
    return this.#importer.emit(op, inputs, attrs, this.node)
  }

  /** An operand of elements that are known. */
  known(content: Content): Operand {
    return { name: this.outputName, ...content }
  }

  /** Types of the outputs that the file declares, or a runtime infers. */
  declared(index: number): TensorType | undefined {
    return this.#importer.declaredType(this.node.output[index] ?? '')
  }

  /** Importer of the graph, for nodes that hold graphs. */
  get importer(): GraphImporter {
    return this.#importer
  }

  /** @throws FormatError that names the node */
  fail(expected: string, got: string): never {
    throw onnxFailure(this.title, expected, got)
  }

  #attribute(name: string, type: AttributeType): AttributeProto | undefined {
    const attribute = this.#attributes.get(name)
    // Writers of old files leave the type out.
    if (attribute === undefined || attribute.type === type || attribute.type === AttributeType.UNDEFINED)
      return attribute
    return this.fail(
      `an attribute "${name}" of type ${attributeTypeName(type)}`,
      attributeTypeName(attribute.type),
    )
  }

  #integer(value: bigint | undefined, byDefault: number): number {
    return value === undefined ? byDefault : Number(value)
  }
}

/** A size where it is a number. */
export function numberOf(dim: Dim | undefined): number | undefined {
  return typeof dim === 'number' ? dim : undefined
}

/** The name of a type of attributes, for messages. */
export function attributeTypeName(type: number): string {
  return Object.entries(AttributeType).find(([, number]) => number === type)?.[0] ?? `type ${type}`
}
