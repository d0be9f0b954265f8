import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { encodeModel, type ModelProto } from '../src/codec/onnx.ts'
import { fromHost, type Tensor } from '../src/engine/tensor.ts'
import { onnxModel } from '../src/formats/onnx/onnx-model.ts'
import { loadOnnxModel } from '../src/formats/onnx-reader/load-onnx-model.ts'
import type { GraphModule } from '../src/nn/graph-module.ts'
import { flatten } from '../src/nn/output-tree.ts'
import { ExportBackend } from '../src/quantization/config/execution-mode.ts'
import { QuantizerConfig } from '../src/quantization/config/quantizer-config.ts'
import { Quantizer } from '../src/quantization/quantizer.ts'
import { fromValues } from '../src/tensor/from-values.ts'
import type { HostArray } from '../src/tensor/host-array.ts'
import { toTypedArray } from '../src/tensor/to-typed-array.ts'
import type { Feed } from './onnx-agreement.ts'
import { noiseValues } from './onnx-builder.ts'

/** How the models of tests are quantized. */
export const CONFIGS = {
  w8: { weight: { dtype: 'int8', granularity: { type: 'per_channel', axis: null } } },
  w4: { weight: { dtype: 'int4', granularity: { type: 'per_block', axis: null, block_size: 16 } } },
  w8a8: {
    weight: { dtype: 'int8', granularity: { type: 'per_channel', axis: null } },
    activation: { dtype: 'uint8', qscheme: 'asymmetric', granularity: { type: 'per_tensor' } },
  },
} as const

/** A model that was read, quantized and written, with what it computes in two ways. */
export interface EditedOnnx {
  readonly model: ModelProto
  /** What the prepared model computes. */
  readonly expected: readonly HostArray[]
  /** What ONNX Runtime computes from what was written, with nothing fused. */
  readonly got: readonly (readonly number[])[]
}

/** How a test changes a prepared model, and how it is written. */
export interface EditRequest {
  readonly config: keyof typeof CONFIGS
  readonly opset?: number
  readonly matMulNBits?: boolean
  readonly change?: (prepared: GraphModule) => Promise<void>
}

/** Reads a model, quantizes it with one set of inputs, and writes it. */
export async function editOnnx(
  bytes: Uint8Array,
  feeds: readonly Feed[],
  { config, change, ...options }: EditRequest,
): Promise<EditedOnnx> {
  const arrays = feeds.map(arrayOf)
  const inputs = () => arrays.map((array) => fromHost(array))
  const { weight, activation = null } = { activation: null, ...CONFIGS[config] }
  const spec = activation && { '*': activation }
  const global_config = { op_input_spec: spec, op_output_spec: spec, op_state_spec: { weight } }
  const logger = { warn: () => {} }
  const quantizer = new Quantizer(
    await loadOnnxModel(bytes, { logger }),
    QuantizerConfig.fromDict({ quantization_config: { global_config } }),
    { logger },
  )
  const prepared = await quantizer.prepare(inputs())
  await change?.(prepared)
  const results: Tensor[] = []
  flatten(prepared(...inputs()), results)
  const model = await onnxModel(await quantizer.finalize({ backend: ExportBackend.ONNX }), options)
  const expected = await Promise.all(results.map((result) => result.array()))
  return { model, expected, got: await runOnnx(encodeModel(model), arrays) }
}

/** Runs a model in ONNX Runtime with nothing fused. */
async function runOnnx(bytes: Uint8Array, arrays: readonly HostArray[]): Promise<number[][]> {
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
  const entries = session.inputNames.map((name, i) => {
    const array = arrays[i]
    if (array === undefined) throw new RangeError(`expected a feed for ${name}`)
    return [name, new OrtTensor(array.dtype as 'float32', Object(toTypedArray(array)), array.shape)] as const
  })
  const results = await session.run(Object.fromEntries(entries))
  return session.outputNames.map((name) => Array.from(Object(results[name]?.data ?? []), Number))
}

/** A feed as an array. */
function arrayOf(feed: Feed, i: number): HostArray {
  if ('ints' in feed) return fromValues(feed.dtype ?? 'int64', feed.shape, feed.ints)
  const count = feed.reduce((product, size) => product * size, 1)
  return fromValues('float32', feed, noiseValues(`feed${i}`, count))
}

/** The largest difference between what was expected and what was got. */
export function largestDifference({ expected, got }: EditedOnnx): number {
  const differences = expected.flatMap((array, i) =>
    Array.from(toTypedArray(array), Number).map((value, k) => Math.abs(value - (got[i]?.[k] ?? Number.NaN))),
  )
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences)
}
