import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { afterAll, expect, test } from 'vitest'
import { type EditedOnnx, editOnnx } from '../../../test/edited-onnx.ts'
import { node, noiseValues, onnxBytes, tensor } from '../../../test/onnx-builder.ts'
import { encodeModel } from '../../codec/onnx.ts'
import { closeEngine } from '../../engine/engine.ts'

afterAll(() => closeEngine())

async function run({ model }: EditedOnnx, level: 'disabled' | 'all'): Promise<number[]> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: level,
    logSeverityLevel: 4,
  })
  const x = new OrtTensor('float32', Float32Array.from(noiseValues('feed0', 256)), [1, 4, 8, 8])
  const { y } = await session.run({ x })
  return Array.from(Object(y?.data), Number)
}

test.each([1e-6, 1e-12])(
  'spareBiases() keeps the bias of a channel whose weights are near %d from overflowing in fused kernels',
  async (tiny) => {
    const weights = noiseValues('w', 8 * 4 * 9).map((value, i) => (i < 36 ? value * tiny : value))
    const bias = [3, 1, 2, -1, 0, 5, -3, 1]
    const bytes = onnxBytes({
      inputs: [['x', 'float32', [1, 4, 8, 8]]],
      outputs: ['y'],
      nodes: [node('Conv', ['x', 'w', 'b'], ['y'])],
      tensors: [tensor('w', [8, 4, 3, 3], weights), tensor('b', [8], bias)],
    })
    const edited = await editOnnx(bytes, [[1, 4, 8, 8]], { config: 'w8a8' })
    expect(edited.got[0]?.slice(0, 36)).toEqual(
      Array.from(edited.got[0]?.slice(0, 36) ?? [], () => edited.got[0]?.[0]),
    )
    const fused = await run(edited, 'all')
    const step = 10 / 255
    for (const [i, value] of (await run(edited, 'disabled')).slice(0, 36).entries())
      expect(Math.abs((fused[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(step)
  },
)
