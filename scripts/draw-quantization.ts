// Draws what data types, granularities, schemes and ranges make of the same values, for docs/choosing-a-data-type.md:
// npx tsx scripts/draw-quantization.ts
import { mkdirSync, writeFileSync } from 'node:fs'
import {
  closeEngine,
  configureEngine,
  type FakeQuantize,
  makeFakeQuantize,
  manualSeed,
  PerBlock,
  PerChannel,
  QuantizationSpec,
  type QuantizationTarget,
  randn,
  type SpecOptions,
  type Tensor,
  tensor,
} from '../src/index.ts'
import { type Axis, drawPanels, type Panel } from './pictures/panel.ts'

const FOLDER = new URL('../docs/images/', import.meta.url)

/** Quantizes values and describes the result; of a tensor with several rows only the first one is drawn. */
async function panelOf(
  title: string,
  x: Tensor,
  options: SpecOptions,
  target: QuantizationTarget = 'weight',
): Promise<Panel> {
  const fake = makeFakeQuantize(new QuantizationSpec(options), target)
  const shown = x.shape[0] === 4 ? x.slice(0, 0, 1) : x
  const all = fake(x)
  const values = Float32Array.from(await shown.data(), Number)
  const quantized = Float32Array.from(await (shown === x ? all : all.slice(0, 0, 1)).data(), Number)
  return {
    title,
    note: `${signalToNoise(values, quantized).toFixed(1)} dB`,
    values,
    quantized,
    ...(await held(fake)),
  }
}

/** What the quantized values can hold, where one scale holds for all. */
async function held(fake: FakeQuantize): Promise<Pick<Panel, 'range' | 'levels'>> {
  const { scale, zeroPoint } = fake.qparams()
  if (scale.shape.some((size) => size > 1)) return { range: null, levels: [] }
  const [step, zero] = [await scale.item(), (await zeroPoint?.item()) ?? 0]
  const { quantMin, quantMax, nBits } = fake.spec
  const range = [(quantMin - zero) * step, (quantMax - zero) * step] as const
  if (nBits > 4) return { range, levels: [] }
  fake.disableObserver()
  const points = Array.from({ length: 1001 }, (_, i) => range[0] + (i / 1000) * (range[1] - range[0]))
  const levels = new Set(Array.from(await fake(tensor(points, { shape: [1001, 1] })).data(), Number))
  return { range, levels: [...levels].sort((a, b) => a - b) }
}

/** Ratio of signal to quantization noise, in decibels. */
function signalToNoise(values: Float32Array, quantized: Float32Array): number {
  let [signal, noise] = [0, 0]
  for (const [i, value] of values.entries()) {
    signal += value ** 2
    noise += (value - (quantized[i] ?? 0)) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

async function draw(
  name: string,
  description: string,
  axis: Axis,
  panels: readonly Promise<Panel>[],
): Promise<void> {
  const text = drawPanels(await Promise.all(panels), axis, description)
  writeFileSync(new URL(`${name}.svg`, FOLDER), text)
  console.log(`docs/images/${name}.svg: ${text.length} bytes`)
}

/** Values with heavier tails than the normal distribution's, as trained weights and activations have. */
function heavyTailed(shape: readonly number[], scale: number): Tensor {
  return randn(shape).mul(randn(shape).mul(0.5).exp()).mul(scale)
}

mkdirSync(FOLDER, { recursive: true })
configureEngine({ execArgv: ['--import', new URL('../test/typescript-worker.mjs', import.meta.url).href] })
manualSeed(7)
const weight = heavyTailed([64, 256], 0.05)
const wide: Axis = { min: -0.4, max: 0.4, ticks: [-0.4, -0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4] }

await draw(
  'data-types',
  'A weight and what each data type makes of it, with one scale for all values',
  wide,
  (['int8', 'float8_e4m3fn', 'int4', 'float4_e2m1fn_x2', 'int2'] as const).map((dtype) =>
    panelOf(dtype, weight, { dtype, rangeCalculator: 'histogram_mse' }),
  ),
)

const spreads = tensor([0.25, 1, 2, 4], { shape: [4, 1] })
const channels = heavyTailed([4, 4096], 0.05).mul(spreads)
await draw(
  'granularities',
  'One channel of a weight whose other channels are wider, in int4: with a scale for the tensor, for each channel, for each block of 32',
  { min: -0.08, max: 0.08, ticks: [-0.08, -0.04, 0, 0.04, 0.08] },
  [
    panelOf('int4, per tensor', channels, { dtype: 'int4' }),
    panelOf('int4, per channel', channels, { dtype: 'int4', granularity: new PerChannel(0) }),
    panelOf('int4, per block of 32', channels, { dtype: 'int4', granularity: new PerBlock(32, 1) }),
  ],
)

const rectified = heavyTailed([128, 128], 1).relu()
await draw(
  'schemes',
  'Activations of a rectifier in four bits: symmetric, symmetric and unsigned, asymmetric',
  { min: -9, max: 9, ticks: [-8, -6, -4, -2, 0, 2, 4, 6, 8] },
  [
    panelOf('int4, symmetric', rectified, { dtype: 'int4', rangeCalculator: 'percentile' }, 'activation'),
    panelOf('uint4, symmetric', rectified, { dtype: 'uint4', rangeCalculator: 'percentile' }, 'activation'),
    panelOf(
      'uint4, asymmetric',
      rectified,
      { dtype: 'uint4', qscheme: 'asymmetric', rangeCalculator: 'percentile' },
      'activation',
    ),
  ],
)

const activations = heavyTailed([256, 256], 1)
await draw(
  'ranges',
  'Activations with outliers in four bits, by range calculator',
  { min: -12, max: 12, ticks: [-12, -8, -4, 0, 4, 8, 12] },
  ['minmax', 'percentile', 'entropy', 'histogram_mse'].map((rangeCalculator) =>
    panelOf(`int4, ${rangeCalculator}`, activations, { dtype: 'int4', rangeCalculator }, 'activation'),
  ),
)
await closeEngine()
