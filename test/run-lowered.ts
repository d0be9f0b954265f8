import { create, toBinary } from '@bufbuild/protobuf'
import * as node from 'onnxruntime-node'
import { encodeModel, ModelProtoSchema } from '../src/codec/onnx.ts'
import { expandComposites } from '../src/ir/expand-composites.ts'
import { type LoweringRequest, lowerGraph } from '../src/lowering/lower-graph.ts'
import { tensorProto } from '../src/lowering/model-builder.ts'
import { carrierOf } from '../src/lowering/onnx-dtype.ts'
import { castArray } from '../src/tensor/cast-array.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { toTypedArray } from '../src/tensor/to-typed-array.ts'

/** An output as ONNX Runtime gives it. */
export interface LoweredResult {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly values: readonly (number | bigint)[]
}

/** ONNX Runtime for Node or for the web. */
export type OnnxRuntime = Pick<typeof node, 'InferenceSession' | 'Tensor'>

/** Data by the names of inputs and constants. */
export type Feeds = Readonly<Record<string, HostArray>>

/** What a run gave, by the names of outputs. */
export type LoweredResults = Readonly<Record<string, LoweredResult>>

/** Lowers a graph and runs the model in Node, without the engine between. */
export function runLowered(request: LoweringRequest, ...calls: readonly Feeds[]): Promise<LoweredResults[]> {
  return withLowered(node, request, calls[0] ?? {}, async (run) => {
    const results = []
    for (const call of calls) results.push(await run(call))
    return results
  })
}

/** Lowers a graph for a runtime, and lets `body` run the model. */
export async function withLowered<T>(
  runtime: OnnxRuntime,
  request: LoweringRequest,
  data: Feeds,
  body: (run: (call: Feeds) => Promise<LoweredResults>) => Promise<T>,
): Promise<T> {
  const constants = request.constants ?? []
  const initializer = constants.map(({ name }) => {
    const carried = carriedArray(data[name])
    return tensorProto(name, carried.dtype, carried.shape, carried.bytes)
  })
  const tail = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { initializer } }))
  const model = Buffer.concat([encodeModel(lowerGraph(expandedRequest(request))), tail])
  const session = await runtime.InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
  try {
    return await body((call) => runOnce(runtime, session, request, call))
  } finally {
    await session.release()
  }
}

function expandedRequest(request: LoweringRequest): LoweringRequest {
  const values = request.outputs.map(({ value }) => value)
  const { nodes, outputs } = expandComposites(request.nodes, values)
  const named = request.outputs.map(({ name, value }, i) => ({ name, value: outputs[i] ?? value }))
  return { ...request, nodes, outputs: named }
}

async function runOnce(
  { Tensor }: OnnxRuntime,
  session: node.InferenceSession,
  { inputs }: LoweringRequest,
  data: Feeds,
): Promise<LoweredResults> {
  const feeds = inputs.map(({ name }) => {
    const carried = carriedArray(data[name])
    return [name, new Tensor(carrierOf(carried.dtype), toTypedArray(carried), carried.shape)] as const
  })
  const outputs = await session.run(Object.fromEntries(feeds))
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { type, dims, data: values }]) => [
      name,
      { dtype: type, shape: dims, values: Array.from(values as ArrayLike<number | bigint>) },
    ]),
  )
}

function carriedArray(array: HostArray | undefined): HostArray {
  if (array === undefined) throw new TypeError('expected data for every input and constant')
  return castArray(array, carrierOf(array.dtype))
}
