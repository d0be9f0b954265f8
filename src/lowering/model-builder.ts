import { create } from '@bufbuild/protobuf'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../codec/onnx.ts'
import type { OnnxAttribute } from '../ir/emitter.ts'
import type { DType } from '../tensor/dtype.ts'
import type { HostArray } from '../tensor/host-array.ts'
import { attributeProto } from './attribute-proto.ts'
import { onnxType } from './onnx-dtype.ts'

/** Collects the nodes and constants of one ONNX graph and hands out names. */
export class ModelBuilder {
  readonly nodes: NodeProto[] = []
  readonly initializers: TensorProto[] = []
  /** Domains beside ONNX's own that nodes use. */
  readonly domains: Set<string> = new Set()
  /** Where nodes go: the graph, or a branch while it is written. */
  #target: NodeProto[] = this.nodes
  readonly #reserved: ReadonlySet<string>
  #lastName = 0
  #nodeCount = 0
  readonly #constants = new Map<string, string>()

  /** @param reserved names that others choose: those of the graph's inputs and outputs */
  constructor(reserved: Iterable<string> = []) {
    this.#reserved = new Set(reserved)
  }

  /** A name that nothing else has. */
  freshName(prefix = 't'): string {
    const name = `${prefix}${this.#lastName++}`
    return this.#reserved.has(name) ? this.freshName(prefix) : name
  }

  /** Adds a node. `origin` names it, so that errors of the runtime can be traced back. */
  addNode(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attrs: Readonly<Record<string, OnnxAttribute>>,
    domain: string,
    origin: string,
  ): void {
    if (domain !== '') this.domains.add(domain)
    this.#push(type, inputs, outputs, domain, origin).attribute = Object.entries(attrs).map(([name, value]) =>
      attributeProto(name, value),
    )
  }

  #push(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    domain: string,
    origin: string,
  ): NodeProto {
    const name = `${this.#nodeCount++}|${origin}`
    const node = create(NodeProtoSchema, {
      opType: type,
      domain,
      name,
      input: [...inputs],
      output: [...outputs],
    })
    this.#target.push(node)
    return node
  }

  /** Adds an If with the forms for true and for false; each body adds its nodes and returns the names of its results. */
  addBranch(
    condition: string,
    bodies: readonly [() => readonly string[], () => readonly string[]],
    dtypes: readonly DType[],
    origin: string,
  ): string[] {
    const graphs = bodies.map((body) => this.#writeBranch(body, dtypes))
    const results = dtypes.map(() => this.freshName())
    this.#push('If', [condition], results, '', origin).attribute = graphs.map((graph, i) =>
      create(AttributeProtoSchema, {
        name: i === 0 ? 'then_branch' : 'else_branch',
        type: AttributeType.GRAPH,
        g: graph,
      }),
    )
    return results
  }

  #writeBranch(body: () => readonly string[], dtypes: readonly DType[]): GraphProto {
    const outer = this.#target
    this.#target = []
    try {
      const output = body().map((name, i) => resultInfo(name, dtypes[i] ?? 'float32'))
      return create(GraphProtoSchema, { name: 'branch', node: this.#target, output })
    } finally {
      this.#target = outer
    }
  }

  /** Gives the results of nodes new names, wherever they are used. What no node of the graph itself makes keeps its name and leaves `names`. */
  rename(names: Map<string, string>): void {
    const made = new Set(this.nodes.flatMap(({ output }) => output))
    for (const name of [...names.keys()]) if (!made.has(name)) names.delete(name)
    const renamed = (list: readonly string[]) => list.map((name) => names.get(name) ?? name)
    const walk = (nodes: readonly NodeProto[]): void => {
      for (const node of nodes) {
        node.input = renamed(node.input)
        node.output = renamed(node.output)
        for (const { g } of node.attribute) if (g) walk(g.node)
      }
    }
    walk(this.nodes)
  }

  /** Adds a constant of exactly its own dtype; equal small constants are shared. */
  addConstant(array: HostArray, name?: string): string {
    const key = name === undefined && array.bytes.length <= 256 ? constantKey(array) : undefined
    const known = key === undefined ? undefined : this.#constants.get(key)
    if (known !== undefined) return known
    const fresh = name ?? this.freshName('c')
    if (key !== undefined) this.#constants.set(key, fresh)
    this.initializers.push(tensorProto(fresh, array.dtype, array.shape, array.bytes))
    return fresh
  }
}

/** Declares a result of a branch; its shape is left open. */
function resultInfo(name: string, dtype: DType): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: onnxType(dtype) } } },
  })
}

/** An ONNX tensor with raw data. */
export function tensorProto(
  name: string,
  dtype: DType,
  shape: readonly number[],
  bytes: Uint8Array,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: onnxType(dtype),
    dims: shape.map(BigInt),
    rawData: bytes,
  })
}

function constantKey({ dtype, shape, bytes }: HostArray): string {
  return `${dtype}[${shape.join()}]${String.fromCharCode(...bytes)}`
}
