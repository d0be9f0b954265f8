import { describe, expect, test } from 'vitest'
import { runLowered } from '../../../test/run-lowered.ts'
import type { Capability } from '../../ir/emitter.ts'
import { emitAll, Value } from '../../ir/node.ts'
import { roundFloats } from '../../tensor/float-codes.ts'
import { fromTypedArray } from '../../tensor/from-typed-array.ts'
import { fromValues } from '../../tensor/from-values.ts'
import { Random } from '../../tensor/random.ts'
import { type Blocks, blockView } from './blocks.ts'
import { fakeQuantize } from './fake-quantize.ts'
import type { FakeQuantizeAttributes } from './fake-quantize-attributes.ts'

const SHAPE = [16, 4, 256]
/** How many tensors of that shape make a large one. */
const REPEATS = 8
const SPECIAL = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  1e30,
  -1e30,
  1e-40,
  0.5,
  -0.5,
  1.5,
  127.5,
  -128.5,
  126.5,
]

/** Values around the range, ties among them; `special` puts what is not finite in front. */
function values(special: boolean): Float32Array {
  const list = new Random(7).uniform(16 * 4 * 256, -300, 300).map((value) => Math.round(value * 4) / 4)
  if (special) list.set(SPECIAL)
  return list
}

interface Call {
  readonly attrs: FakeQuantizeAttributes
  readonly x: Float32Array
  readonly scale: readonly number[]
  readonly zeroPoint?: readonly number[]
  readonly minval?: readonly number[]
}

/** Values and mask of a fake quantization, by an engine with some capabilities; without the mask it may be fused. */
async function run(
  { attrs, x, scale, zeroPoint, minval }: Call,
  masked: boolean,
  capabilities: readonly Capability[],
  shape: readonly number[] = SHAPE,
) {
  const { scaleShape } = blockView('test', shape, attrs.blocks)
  const qparams = {
    scale: ['float32', scale],
    zeroPoint: ['int32', zeroPoint],
    minval: ['float32', minval],
  } as const
  const data: Record<string, ReturnType<typeof fromValues>> = { x: fromTypedArray(x, shape) }
  const inputs = [{ name: 'x', value: new Value({ shape, dtype: 'float32' }) }]
  const args: (Value | null)[] = inputs.map(({ value }) => value)
  for (const [name, [dtype, list]] of Object.entries(qparams)) {
    const value = list === undefined ? null : new Value({ shape: scaleShape, dtype })
    args.push(value)
    if (value === null || list === undefined) continue
    inputs.push({ name, value })
    data[name] = fromValues(dtype, scaleShape.map(Number), list)
  }
  const [y, mask] = emitAll(fakeQuantize, args, attrs)
  if (y?.node === undefined || y.node === null || mask === undefined)
    throw new TypeError('expected two outputs')
  const outputs = [{ name: 'y', value: y }, ...(masked ? [{ name: 'mask', value: mask }] : [])]
  const [result = {}] = await runLowered(
    { inputs, nodes: [y.node], outputs, capabilities: new Set(capabilities) },
    data,
  )
  return { y: result.y?.values ?? [], mask: result.mask?.values.map(Number) ?? [] }
}

/** The formula of the operation, one element at a time. */
function expected({ attrs, x, scale, zeroPoint, minval }: Call): { y: number[]; mask: number[] } {
  const { quantMin, quantMax, dtype } = attrs
  const y: number[] = []
  const mask: number[] = []
  x.forEach((value, i) => {
    const block = blockOf(i, attrs.blocks)
    const s = Math.fround(scale[block] ?? 1)
    const m = minval === undefined ? undefined : Math.fround(minval[block] ?? 0)
    const shift = m === undefined ? (zeroPoint?.[block] ?? attrs.zeroPoint ?? 0) : quantMin
    const ratio = Math.fround(Math.fround(value - (m ?? 0)) / s)
    const isFloat = dtype.startsWith('float')
    const raw = isFloat ? ratio : halfToEven(ratio) + shift
    mask.push(raw >= quantMin && raw <= quantMax ? 1 : 0)
    const clamped = Math.min(Math.max(raw, quantMin), quantMax)
    if (isFloat)
      y.push(Math.fround((roundFloats(Float32Array.of(clamped), dtype as 'float8_e4m3fn')[0] ?? 0) * s))
    else y.push(Math.fround(Math.fround((clamped - shift) * s) + (m ?? 0)))
  })
  return { y, mask }
}

function halfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** Which of the scales belongs to an element of SHAPE. */
function blockOf(index: number, blocks: Blocks): number {
  const [a = 1, b = 1, c = 1] = SHAPE.map((size, i) => (blocks[i] === -1 ? size : (blocks[i] ?? size)))
  const [i, j, k] = [Math.floor(index / 1024), Math.floor(index / 256) % 4, index % 256]
  return (Math.floor(i / a) * (4 / b) + Math.floor(j / b)) * (256 / c) + Math.floor(k / c)
}

const tensorScale = [0.75]
const channelScales = [0.5, 1, 0.3, 2]
const int8 = { dtype: 'int8', quantMin: -128, quantMax: 127, blocks: [-1, -1, -1], zeroPoint: 0 } as const
const FAST: readonly Capability[] = ['int16Quantize', 'float8']

describe.each([
  ['int8', { attrs: int8, scale: tensorScale }],
  ['int8 with clipping', { attrs: { ...int8, quantMin: -127 }, scale: tensorScale }],
  [
    'uint8 around 128',
    { attrs: { ...int8, dtype: 'uint8', quantMin: 0, quantMax: 255, zeroPoint: 128 }, scale: tensorScale },
  ],
  ['int4', { attrs: { ...int8, dtype: 'int4', quantMin: -8, quantMax: 7 }, scale: [12.5] }],
  ['uint2', { attrs: { ...int8, dtype: 'uint2', quantMin: 0, quantMax: 3, zeroPoint: 2 }, scale: [50] }],
  ['int8 per channel', { attrs: { ...int8, blocks: [-1, 1, -1] }, scale: channelScales }],
  ['int8 by zero points', { attrs: { ...int8, zeroPoint: null }, scale: tensorScale, zeroPoint: [-31] }],
  [
    'uint8 by zero points per channel',
    {
      attrs: { ...int8, dtype: 'uint8', quantMin: 0, quantMax: 255, zeroPoint: null, blocks: [-1, 1, -1] },
      scale: channelScales,
      zeroPoint: [0, 3, 128, 255],
    },
  ],
  ['int8 in blocks', { attrs: { ...int8, blocks: [-1, 2, 128] }, scale: channelScales }],
  [
    'uint8 by minvals',
    {
      attrs: { ...int8, dtype: 'uint8', quantMin: 0, quantMax: 255, zeroPoint: 128 },
      scale: tensorScale,
      minval: [-95.3],
    },
  ],
  [
    'int8 by minvals per channel',
    { attrs: { ...int8, blocks: [-1, 1, -1] }, scale: channelScales, minval: [-10, -64, -0.1, -256] },
  ],
  [
    'float8_e4m3fn',
    { attrs: { ...int8, dtype: 'float8_e4m3fn', quantMin: -448, quantMax: 448 }, scale: tensorScale },
  ],
  [
    'float8_e5m2',
    { attrs: { ...int8, dtype: 'float8_e5m2', quantMin: -57344, quantMax: 57344 }, scale: [0.001] },
  ],
  [
    'float4_e2m1fn_x2',
    { attrs: { ...int8, dtype: 'float4_e2m1fn_x2', quantMin: -6, quantMax: 6 }, scale: [16] },
  ],
] as const)('lowbit.fake_quantize of %s', (_name, given) => {
  test.each([
    ['finite values', false],
    ['what is not finite', true],
  ])('lowbit.fake_quantize is the formula for %s, fused or not, in every engine', async (_, special) => {
    const call: Call = { ...given, x: values(special) }
    const { y, mask } = expected(call)
    const masked = await run(call, true, FAST)
    expect(masked.y).toEqual(y)
    expect(masked.mask).toEqual(mask)
    expect((await run(call, false, FAST)).y).toEqual(y)
    expect((await run(call, false, [])).y).toEqual(y)
  })

  test('lowbit.fake_quantize is the formula for a large tensor, whose mask comes first', async () => {
    const call: Call = { ...given, x: values(true) }
    const { y, mask } = expected(call)
    const x = Float32Array.from({ length: REPEATS * call.x.length }, (_, i) => call.x[i % call.x.length] ?? 0)
    const large = await run({ ...call, x }, true, FAST, [REPEATS * 16, 4, 256])
    expect(large.y.length).toBe(x.length)
    expect(large.y.findIndex((value, i) => !Object.is(Number(value), y[i % y.length]))).toBe(-1)
    expect(large.mask.findIndex((value, i) => value !== mask[i % mask.length])).toBe(-1)
  })
})
