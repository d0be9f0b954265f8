import { create } from '@bufbuild/protobuf'
import { NodeProtoSchema, type NodeProto, type TensorProto, TensorProtoSchema } from '../codec/onnx.ts'
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
  #lastName = 0
  readonly #constants = new Map<string, string>()

  /** A name that nothing else has. */
  freshName(prefix = 't'): string {
    return `${prefix}${this.#lastName++}`
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
    this.nodes.push(
      create(NodeProtoSchema, {
        opType: type,
        domain,
        name: `${this.nodes.length}|${origin}`,
        input: [...inputs],
        output: [...outputs],
        attribute: Object.entries(attrs).map(([name, value]) => attributeProto(name, value)),
      }),
    )
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

/** An ONNX tensor with raw data. */
export function tensorProto(name: string, dtype: DType, shape: readonly number[], bytes: Uint8Array): TensorProto {
  return create(TensorProtoSchema, { name, dataType: onnxType(dtype), dims: shape.map(BigInt), rawData: bytes })
}

function constantKey({ dtype, shape, bytes }: HostArray): string {
  return `${dtype}[${shape.join()}]${String.fromCharCode(...bytes)}`
}
