import { create, toBinary } from '@bufbuild/protobuf'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeModel, ModelProtoSchema } from '../src/codec/onnx.ts'
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

/** Lowers a graph and runs the model, without the engine between, on data by the names of inputs and constants. */
export async function runLowered(
  request: LoweringRequest,
  ...calls: readonly Readonly<Record<string, HostArray>>[]
): Promise<Readonly<Record<string, LoweredResult>>[]> {
  const [data = {}] = calls
  const constants = request.constants ?? []
  const initializer = constants.map(({ name }) => {
    const carried = carriedArray(data[name])
    return tensorProto(name, carried.dtype, carried.shape, carried.bytes)
  })
  const tail = toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { initializer } }))
  const model = Buffer.concat([encodeModel(lowerGraph(request)), tail])
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
  const results = []
  for (const call of calls) results.push(await runOnce(session, request, call))
  await session.release()
  return results
}

async function runOnce(
  session: InferenceSession,
  { inputs }: LoweringRequest,
  data: Readonly<Record<string, HostArray>>,
): Promise<Readonly<Record<string, LoweredResult>>> {
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
