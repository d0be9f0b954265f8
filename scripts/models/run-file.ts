import { fromTypedArray, type HostArray, toTypedArray } from 'lowbit'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Outputs, Sample } from './recipe.ts'

/** Runs an ONNX file on samples, by ONNX Runtime itself. @param optimized whether operations may be fused, as runtimes do by default */
export async function runFile(
  path: string,
  samples: readonly Sample[],
  optimized: boolean,
): Promise<Outputs[]> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: optimized ? 'all' : 'disabled',
    logSeverityLevel: 3,
  })
  const outputs: Outputs[] = []
  for (const { inputs } of samples) {
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, feedOf(array)]))
    const results = await session.run(feeds)
    outputs.push(Object.fromEntries(session.outputNames.map((name) => [name, hostOf(results[name])])))
  }
  await session.release()
  return outputs
}

function feedOf(array: HostArray): Tensor {
  const values = toTypedArray(array)
  if (values instanceof Float32Array) return new Tensor('float32', values, array.shape)
  if (values instanceof Int32Array) return new Tensor('int32', values, array.shape)
  throw new TypeError(`Cannot run a model: expected inputs of float32 or int32, got ${array.dtype}`)
}

function hostOf(result: Tensor | undefined): HostArray {
  if (result === undefined || !(result.data instanceof Float32Array))
    throw new TypeError(`Cannot read an output: expected float32, got ${result?.type ?? 'none'}`)
  return fromTypedArray(result.data, result.dims)
}
