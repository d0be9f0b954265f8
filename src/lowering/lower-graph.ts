import { create } from '@bufbuild/protobuf'
import {
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../codec/onnx.ts'
import type { Dim, Dims } from '../ir/dim.ts'
import type { Capability } from '../ir/emitter.ts'
import type { Node, Value } from '../ir/node.ts'
import { type DType, isFloating } from '../tensor/dtype.ts'
import { fixedValues } from './fixed-values.ts'
import { GraphEmitter } from './graph-emitter.ts'
import { ModelBuilder } from './model-builder.ts'
import { carrierOf, onnxType } from './onnx-dtype.ts'

/** A graph to be lowered, with the names that its inputs and outputs get in the ONNX model. */
export interface LoweringRequest {
  readonly inputs: readonly { readonly value: Value; readonly name: string }[]
  /** Inputs whose data is put into the model later, as initializers of the given names. */
  readonly constants?: readonly { readonly value: Value; readonly name: string }[]
  readonly nodes: readonly Node[]
  readonly outputs: readonly { readonly value: Value; readonly name: string }[]
  readonly capabilities?: ReadonlySet<Capability>
  /** Further names that the model must not use for its own. */
  readonly reserved?: Iterable<string>
  /** Told what was written for each node of the graph; may name it otherwise. */
  readonly onLowered?: (node: Node, written: readonly NodeProto[]) => void
}

/** ONNX operator set that lowbit writes. */
const OPSET = 21n
const IR_VERSION = 10n

/** Writes a graph as an ONNX model in memory. Constants of the request are declared by name only: whoever holds their data adds it. */
export function lowerGraph(request: LoweringRequest): ModelProto {
  const { inputs, constants = [], nodes, outputs, reserved = [] } = request
  const taken = [...inputs, ...constants, ...outputs].map(({ name }) => name)
  const builder = new ModelBuilder([...taken, ...reserved])
  const names = new Map<Value, string>()
  for (const { value, name } of [...inputs, ...constants]) names.set(value, name)
  const emitter = new GraphEmitter(
    builder,
    {
      capabilities: request.capabilities ?? new Set(),
      constants: fixedValues(
        nodes,
        constants.map(({ value }) => value),
      ),
      users: countUses(nodes, outputs),
    },
    inputs,
  )
  for (const node of nodes) {
    const before = builder.nodes.length
    const results = emitter.lower(
      node,
      node.inputs.map((input) => (input ? nameOf(names, input) : '')),
    )
    node.outputs.forEach((value, i) => {
      const result = results[i] ?? ''
      const isStored = value.dtype.startsWith('float8') && emitter.has('storedFloat8')
      const isRounded = result !== '' && isNarrow(value.dtype) && !isStored
      names.set(value, isRounded ? emitter.round(result, value.dtype) : result)
    })
    request.onLowered?.(node, builder.nodes.slice(before))
  }
  const results = new Map(outputs.map(({ value, name }) => [nameOf(names, value), name]))
  builder.rename(results)
  for (const { value, name } of outputs) {
    const source = nameOf(names, value)
    const result = results.get(source)
    if (result !== name) builder.addNode('Identity', [result ?? source], [name], {}, '', 'output')
  }
  return create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'lowbit',
    opsetImport: [
      { domain: '', version: OPSET },
      ...[...builder.domains].map((domain) => ({ domain, version: 1n })),
    ],
    graph: {
      name: 'graph',
      node: builder.nodes,
      initializer: builder.initializers,
      input: inputs.map(({ value, name }) => valueInfo(name, value.dtype, value.shape)),
      output: outputs.map(({ value, name }) => valueInfo(name, value.dtype, value.shape)),
    },
  })
}

function nameOf(names: ReadonlyMap<Value, string>, value: Value): string {
  const name = names.get(value)
  if (name) return name
  throw new RangeError(
    `Cannot lower a use of "${value.node?.origin ?? 'an input'}": expected output ${value.index} to be computed before, got none (a bug in lowbit)`,
  )
}

function isNarrow(dtype: DType): boolean {
  return isFloating(dtype) && dtype !== 'float32'
}

function countUses(
  nodes: readonly Node[],
  outputs: readonly { readonly value: Value }[],
): Map<Value, number> {
  const uses = new Map<Value, number>()
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1)
  for (const { inputs } of nodes) for (const input of inputs) if (input) count(input)
  for (const { value } of outputs) count(value)
  return uses
}

/** Declares a tensor; symbolic sizes get their expressions as names. */
function valueInfo(name: string, dtype: DType, shape: Dims): ValueInfoProto {
  const dim = shape.map((size: Dim) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: size.key } },
  )
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: onnxType(carrierOf(dtype)), shape: { dim } } } },
  })
}
