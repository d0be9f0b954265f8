import type { Dims } from '../ir/dim.ts'
import type { Capability, Emitter, OnnxAttribute } from '../ir/emitter.ts'
import type { Node, Value } from '../ir/node.ts'
import type { DType } from '../tensor/dtype.ts'
import { fromValues } from '../tensor/from-values.ts'
import type { HostArray } from '../tensor/host-array.ts'
import type { ModelBuilder } from './model-builder.ts'
import { carrierOf } from './onnx-dtype.ts'
import { OperandShapes } from './operand-shapes.ts'
import { SymbolicShapes } from './symbolic-shapes.ts'

/** What a lowering may know beside its node. */
export interface GraphFacts {
  readonly capabilities: ReadonlySet<Capability>
  readonly constants: ReadonlySet<Value>
  readonly users: ReadonlyMap<Value, number>
}

/** The Emitter over a ModelBuilder: one object for the whole graph, pointed at one node after the other. */
export class GraphEmitter implements Emitter {
  inputs: readonly string[] = []
  #node: Node | undefined
  #origin = ''
  readonly #builder: ModelBuilder
  readonly #facts: GraphFacts
  readonly #shapes: SymbolicShapes
  readonly #operands: OperandShapes = new OperandShapes(this)

  constructor(builder: ModelBuilder, facts: GraphFacts, inputs: readonly { value: Value; name: string }[]) {
    this.#builder = builder
    this.#facts = facts
    this.#shapes = new SymbolicShapes(this, inputs)
  }

  /** Lowers one node, given the ONNX names of its inputs. */
  lower(node: Node, inputs: readonly string[]): readonly string[] {
    this.#node = node
    this.#origin = node.origin
    this.inputs = inputs
    node.inputs.forEach((input, i) => {
      if (input) this.#operands.set(inputs[i] ?? '', input.shape)
    })
    return node.op.lower(this, node)
  }

  has(capability: Capability): boolean {
    return this.#facts.capabilities.has(capability)
  }

  isConstant(index: number): boolean {
    const input = this.#node?.inputs[index]
    return input ? this.#facts.constants.has(input) : false
  }

  uses(index: number): number {
    const output = this.#node?.outputs[index]
    return output ? (this.#facts.users.get(output) ?? 0) : 0
  }

  op(
    type: string,
    inputs: readonly string[],
    attrs: Readonly<Record<string, OnnxAttribute>> = {},
    domain = '',
  ): string {
    const operands = this.#operands.align(type, inputs)
    const [name = ''] = this.ops(type, operands, [true], attrs, domain)
    this.#operands.infer(type, operands, name)
    return name
  }

  ops(
    type: string,
    inputs: readonly string[],
    outputs: readonly boolean[],
    attrs: Readonly<Record<string, OnnxAttribute>> = {},
    domain = '',
  ): string[] {
    const names = outputs.map((wanted) => (wanted ? this.#builder.freshName() : ''))
    this.#builder.addNode(type, inputs, names, attrs, domain, this.#origin)
    return names
  }

  branch(
    condition: string,
    whenTrue: () => readonly string[],
    whenFalse: () => readonly string[],
    dtypes: readonly DType[],
  ): string[] {
    const types = dtypes.map((dtype) => carrierOf(dtype))
    return this.#builder.addBranch(condition, [whenTrue, whenFalse], types, this.#origin)
  }

  constant(array: HostArray): string {
    const name = this.#builder.addConstant(array)
    this.#operands.setConstant(name, array)
    return name
  }

  scalar(value: number, dtype: DType = 'float32'): string {
    return this.constant(fromValues(carrierOf(dtype), [], [value]))
  }

  floats(values: readonly number[]): string {
    return this.constant(fromValues('float32', [values.length], values))
  }

  ints(values: readonly number[]): string {
    return this.constant(fromValues('int64', [values.length], values))
  }

  shape(dims: Dims): string {
    return this.#shapes.shape(dims)
  }

  cast(value: string, dtype: DType): string {
    const carrier = carrierOf(dtype)
    if (carrier === 'float32' && dtype !== 'float32') return this.round(value, dtype)
    return this.op('Cast', [value], { to: { dtype: carrier } })
  }

  /** Rounds carried float32 values to a narrower float dtype, as `encodeFloats` does. */
  round(value: string, dtype: DType): string {
    const rounded = this.op('Cast', [this.op('Cast', [value], { to: { dtype } })], {
      to: { dtype: 'float32' },
    })
    if (dtype !== 'float8_e5m2') return rounded
    // ONNX Runtime's cast to e5m2 has no infinity: the largest value stands for it.
    const beyond = this.op('GreaterOrEqual', [this.op('Abs', [value]), this.scalar(61440)])
    return this.op('Where', [beyond, this.op('Mul', [value, this.scalar(Number.POSITIVE_INFINITY)]), rounded])
  }
}
