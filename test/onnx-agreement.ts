import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { fromHost, type Tensor } from '../src/engine/tensor.ts'
import { type LoadOnnxOptions, loadOnnxModel } from '../src/formats/onnx-reader/load-onnx-model.ts'
import type { GraphModule } from '../src/nn/graph-module.ts'
import { flatten } from '../src/nn/output-tree.ts'
import { fromValues } from '../src/tensor/from-values.ts'
import { toTypedArray } from '../src/tensor/to-typed-array.ts'
import { noiseValues } from './onnx-builder.ts'

/** What a model is fed: a shape of floats that look random, or integers. */
export type Feed =
  | readonly number[]
  | {
      readonly shape: readonly number[]
      readonly ints: readonly number[]
      readonly dtype?: 'int32' | 'int64' | 'bool'
    }

/** Loads a model, runs it and lets ONNX Runtime run the file; gives the largest difference, and the module. */
export async function compareWithRuntime(
  bytes: Uint8Array,
  feeds: readonly Feed[],
  options: LoadOnnxOptions = {},
): Promise<{ readonly difference: number; readonly module: GraphModule }> {
  const module = await loadOnnxModel(bytes, { logger: { warn: () => {} }, ...options })
  const session = await InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
  const arrays = feeds.map((feed, i) => {
    if ('ints' in feed) return fromValues(feed.dtype ?? 'int64', feed.shape, feed.ints)
    const count = feed.reduce((product, size) => product * size, 1)
    return fromValues('float32', feed, noiseValues(`feed${i}`, count))
  })
  const expected = await session.run(
    Object.fromEntries(
      session.inputNames.map((name, i) => {
        const array = arrays[i]
        if (array === undefined) throw new RangeError(`expected a feed for ${name}`)
        return [
          name,
          new OrtTensor(array.dtype as 'float32', toTypedArray(array) as Float32Array, array.shape),
        ]
      }),
    ),
  )
  const results: Tensor[] = []
  flatten(module(...arrays.map((array) => fromHost(array))), results)
  let difference = 0
  for (const [i, name] of session.outputNames.entries()) {
    const want = expected[name]
    const got = await results[i]?.array()
    if (want === undefined || got === undefined || got.shape.join() !== want.dims.join())
      throw new RangeError(`expected ${name} of shape ${want?.dims}, got ${got?.shape}`)
    const values = toTypedArray(got)
    for (const [k, value] of Array.from(want.data, Number).entries()) {
      const distance = Object.is(Number(values[k]), value) ? 0 : Math.abs(Number(values[k]) - value)
      difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(difference, distance)
    }
  }
  return { difference, module }
}
