import { encodeModel } from '../../codec/onnx.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { toTypedArray } from '../../tensor/to-typed-array.ts'
import type { ExportRunner } from '../agreement.ts'
import { type OnnxOptions, onnxModel } from './onnx-model.ts'

/** How ONNX Runtime runs a model. */
export interface OnnxRunnerOptions extends OnnxOptions {
  /** Whether it may fuse operations, which changes how values are rounded. Default: false. */
  readonly optimized?: boolean
}

/**
 * A session of ONNX Runtime with a model as `save` writes it, for `compareExport`. Needs Node.
 * @throws ExportError for a model that ONNX cannot express
 */
export async function onnxRunner(
  model: GraphModule,
  { optimized = false, ...options }: OnnxRunnerOptions = {},
): Promise<ExportRunner> {
  const { InferenceSession, Tensor: OrtTensor } = await import('onnxruntime-node')
  const session = await InferenceSession.create(encodeModel(await onnxModel(model, options)), {
    graphOptimizationLevel: optimized ? 'all' : 'disabled',
    logSeverityLevel: 3,
  })
  return async (inputs) => {
    const feeds: Record<string, InstanceType<typeof OrtTensor>> = {}
    for (const [i, name] of session.inputNames.entries()) {
      const array = await inputs[i]?.array()
      if (array === undefined)
        throw new RangeError(`Cannot run an ONNX model: expected an input "${name}", got none`)
      const elements = array.dtype.includes('float') ? toFloat32(array) : toTypedArray(array)
      feeds[name] =
        elements instanceof BigInt64Array
          ? new OrtTensor('int64', elements, array.shape)
          : elements instanceof Int32Array
            ? new OrtTensor('int32', elements, array.shape)
            : new OrtTensor('float32', Float32Array.from(elements, Number), array.shape)
    }
    const results = await session.run(feeds)
    return session.outputNames.map((name) => {
      const result = results[name]
      return fromTypedArray(Float32Array.from(result?.data ?? [], Number), result?.dims ?? [0])
    })
  }
}
