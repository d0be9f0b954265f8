import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { FileError } from '../../codec/file-error.ts'
import { writeSafetensors } from '../../codec/safetensors.ts'
import { symmetricScaleOf } from '../../ops/quantization/range-to-qparams.ts'
import { QuantizationSpec } from '../../quantization/spec/quantization-spec.ts'
import { dequantizeArray, quantizeArray } from '../../quantization/weights/quantize-array.ts'
import { castArray } from '../../tensor/cast-array.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import type { HostArray } from '../../tensor/host-array.ts'
import { Random } from '../../tensor/random.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import { type QuantizeWeightsOptions, quantizeWeights } from './quantize-weights.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))
const random = new Random(5)
const array = (...shape: number[]) => fromTypedArray(random.normal(shape), shape)

/** The values that an array stands for once it is quantized with a scale for each run of some length. */
function dequantized(values: HostArray, runLength: number, dtype: 'int8' | 'int4'): number[] {
  const spec = new QuantizationSpec({ dtype })
  const floats = toFloat32(values)
  const rows = fromTypedArray(floats, [floats.length / runLength, runLength])
  const scales = Float32Array.from({ length: rows.shape[0] ?? 0 }, (_, i) => {
    const run = floats.subarray(i * runLength, (i + 1) * runLength)
    return symmetricScaleOf(Math.max(...run.map(Math.abs)), spec.quantMin, spec.quantMax)
  })
  const qparams = { scale: fromTypedArray(scales, [scales.length, 1]) }
  return Array.from(toFloat32(dequantizeArray(quantizeArray(rows, qparams, spec), qparams, spec)))
}

async function outputsOf(path: string): Promise<Map<string, number[]>> {
  const session = await InferenceSession.create(path, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
  const results = await session.run({})
  return new Map(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array, Number)]),
  )
}

const tensors = new Map([
  ['a.weight', array(6, 64)],
  ['conv.weight', array(4, 3, 3, 3)],
  ['odd.weight', array(5, 7)],
  ['a.bias', array(6)],
  ['half.weight', castArray(array(2, 32), 'float16')],
])
const source = join(folder, 'weights.safetensors')
writeFileSync(source, writeSafetensors(tensors))

/** Larger than a part, with values of the order of a network's. */
const large = join(folder, 'large.safetensors')
const largeTensors: [string, HostArray][] = [
  ['a', array(600, 1000)],
  ['copied', array(300_000)],
  ['b', castArray(array(1000, 501), 'bfloat16')],
]
writeFileSync(large, writeSafetensors(largeTensors))

describe('quantizeWeights()', () => {
  test.each<QuantizeWeightsOptions>([{}, { dtype: 'int4', blockSize: 8 }, { dtype: 'int4' }])(
    'quantizeWeights() writes the same bytes on any number of threads: %o',
    async (options) => {
      const written = async (threads: number) => {
        const target = join(folder, `threads${threads}.onnx`)
        const progress: number[] = []
        const onProgress = (done: number) => progress.push(done)
        await quantizeWeights(large, target, { ...options, threads, onProgress, overwrite: true })
        expect(progress).toEqual([1, 2, 3])
        const [data = ''] = readdirSync(folder).filter(
          (name) => /^threads.*data$/.test(name) && name.startsWith(`threads${threads}`),
        )
        return readFileSync(join(folder, data))
      }
      const alone = await written(1)
      expect(Buffer.compare(await written(3), alone)).toBe(0)
    },
  )

  test('quantizeWeights() fails on threads as it does on one, and leaves nothing', async () => {
    const values = new Float32Array(2_000_000)
    values[values.length - 1] = Number.NEGATIVE_INFINITY
    const bad = join(folder, 'late.safetensors')
    writeFileSync(bad, writeSafetensors([['w', fromTypedArray(values, [2, 1_000_000])]]))
    const before = readdirSync(folder)
    for (const threads of [1, 2])
      await expect(quantizeWeights(bad, join(folder, 'late.onnx'), { threads })).rejects.toThrow(
        new RangeError('Cannot quantize "w": expected finite values, got an infinite one or NaN'),
      )
    const failing = quantizeWeights(large, join(folder, 'late.onnx'), {
      threads: 2,
      onProgress: () => {
        throw new TypeError('a bug of the caller')
      },
    })
    await expect(failing).rejects.toThrow(new TypeError('a bug of the caller'))
    const controller = new AbortController()
    const stopped = quantizeWeights(large, join(folder, 'late.onnx'), {
      threads: 2,
      signal: controller.signal,
      onProgress: () => controller.abort(new RangeError('enough')),
    })
    await expect(stopped).rejects.toThrow(new RangeError('enough'))
    await expect(quantizeWeights(large, join(folder, 'late.onnx'), { threads: 0 })).rejects.toThrow(
      new RangeError('Cannot quantize weights: expected at least one thread, got 0'),
    )
    expect(readdirSync(folder)).toEqual(before)
  })

  test.each<[string, QuantizeWeightsOptions, number]>([
    ['int8 by channels', {}, 64],
    ['int8 in blocks', { blockSize: 32 }, 32],
    ['int4 by channels', { dtype: 'int4' }, 64],
    ['int4 in blocks', { dtype: 'int4', blockSize: 16 }, 16],
  ])(
    'quantizeWeights() writes what ONNX Runtime dequantizes to the values of quantizeArray(): %s',
    async (name, options, runLength) => {
      const target = join(folder, `${name}.onnx`)
      const progress: number[] = []
      await quantizeWeights(source, target, { ...options, onProgress: (done) => progress.push(done) })
      const outputs = await outputsOf(target)
      const { dtype = 'int8', blockSize } = options
      const at = (key: string) => tensors.get(key) ?? array(0)
      expect(outputs.get('a.weight')).toEqual(dequantized(at('a.weight'), runLength, dtype))
      expect(outputs.get('conv.weight')).toEqual(dequantized(at('conv.weight'), 27, dtype))
      expect(outputs.get('odd.weight')).toEqual(dequantized(at('odd.weight'), 7, dtype))
      expect(outputs.get('half.weight')).toEqual(dequantized(at('half.weight'), blockSize ?? 32, dtype))
      expect(outputs.get('a.bias')).toEqual(Array.from(toFloat32(at('a.bias'))))
      expect(progress).toEqual([1, 2, 3, 4, 5])
      expect(readdirSync(folder)).toContain(`${name}.onnx.data`)
    },
  )

  test('quantizeWeights() leaves what is not selected as it is', async () => {
    const target = join(folder, 'selected.onnx')
    await quantizeWeights(source, target, { select: (name) => name === 'a.weight' })
    expect((await outputsOf(target)).get('odd.weight')).toEqual(
      Array.from(toFloat32(tensors.get('odd.weight') ?? array(0))),
    )
    await expect(quantizeWeights(source, join(folder, 'none.onnx'), { select: () => false })).rejects.toThrow(
      new RangeError(
        'Cannot quantize weights: expected at least one float tensor of two or more dimensions, got none among 5 tensors',
      ),
    )
  })

  test('quantizeWeights() writes nothing for values that are not finite, or where something is already', async () => {
    const bad = join(folder, 'bad.safetensors')
    writeFileSync(bad, writeSafetensors([['w', fromTypedArray(Float32Array.of(1, Number.NaN), [1, 2])]]))
    const before = readdirSync(folder)
    await expect(quantizeWeights(bad, join(folder, 'bad.onnx'))).rejects.toThrow(
      'Cannot quantize "w": expected finite values, got an infinite one or NaN',
    )
    expect(readdirSync(folder)).toEqual(before)
    const taken = join(folder, 'taken.onnx')
    writeFileSync(taken, 'old')
    await expect(quantizeWeights(source, taken)).rejects.toThrow(FileError)
    expect(readFileSync(taken, 'utf8')).toBe('old')
    await expect(quantizeWeights(source, join(folder, 'a.bin'))).rejects.toThrow(
      `Cannot quantize weights into "${join(folder, 'a.bin')}": expected the ending ".onnx", got another`,
    )
    await expect(quantizeWeights(source, join(folder, 'b.onnx'), { blockSize: 0.5 })).rejects.toThrow(
      new RangeError('Cannot quantize weights: expected a block size of at least 1, got 0.5'),
    )
  })
})
