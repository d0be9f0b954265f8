import { noGrad } from '../../engine/recorder.ts'
import type { Tensor } from '../../engine/tensor.ts'
import { getMember } from '../../nn/container.ts'
import type { GraphModule } from '../../nn/graph-module.ts'
import { Buffer, Parameter } from '../../nn/parameter.ts'
import type { FakeQuantizerReport } from '../../quantization/inspection/reports.ts'
import type { QuantizationTarget } from '../../quantization/spec/scheme.ts'
import { toFloat32 } from '../../tensor/to-float32.ts'
import type { LayerAgreement } from '../measure-layers.ts'
import type { PreparedForm } from '../quantize-model.ts'

/** Tensors of each kind that are shown. */
const SHOWN = 6
const BINS = 64

/** How the values of a tensor lie, and which of them its quantized form can hold. */
export interface TensorHistogram {
  readonly name: string
  readonly kind: QuantizationTarget
  readonly dtype: string
  readonly sqnrDb: number
  readonly min: number
  readonly max: number
  /** Values to a bin, from `min` to `max`. */
  readonly counts: readonly number[]
  /** Smallest and largest value that can be held; of the widest channel or block. Null where nothing is known. */
  readonly range: readonly [number, number] | null
}

/**
 * Histograms of the weights and activations that lost most in quantization.
 * @param batch what activations are shown for; without tensors only weights are shown
 */
export async function worstHistograms(
  model: GraphModule,
  { inspector: { fakeQuantizers } }: PreparedForm,
  layers: readonly LayerAgreement[],
  batch: readonly Tensor[],
): Promise<TensorHistogram[]> {
  const activations = batch.length === 0 ? [] : await worstActivations(model, fakeQuantizers, layers, batch)
  return [...activations, ...(await worstWeights(model, fakeQuantizers))]
}

async function worstActivations(
  model: GraphModule,
  fakeQuantizers: readonly FakeQuantizerReport[],
  layers: readonly LayerAgreement[],
  batch: readonly Tensor[],
): Promise<TensorHistogram[]> {
  const byProducer = new Map(
    fakeQuantizers.filter(({ target }) => target === 'activation').map((each) => [each.producer, each]),
  )
  const worst = layers
    .filter(({ name, sqnrDb }) => byProducer.has(name) && Number.isFinite(sqnrDb))
    .toSorted((a, b) => a.sqnrDb - b.sqnrDb)
    .slice(0, SHOWN)
  const wanted = new Set(worst.map(({ name }) => name))
  const traced = noGrad(() => [...model.trace(...batch)].filter(([name]) => wanted.has(name)))
  const values = new Map<string, Float32Array>()
  for (const [name, tensor] of traced) values.set(name, toFloat32(await tensor.array()))
  return Promise.all(
    worst.flatMap(({ name, sqnrDb }) => {
      const [fake, content] = [byProducer.get(name), values.get(name)]
      return fake === undefined || content === undefined ? [] : [histogramOf(fake, name, sqnrDb, content)]
    }),
  )
}

async function worstWeights(
  model: GraphModule,
  fakeQuantizers: readonly FakeQuantizerReport[],
): Promise<TensorHistogram[]> {
  const measured: { fake: FakeQuantizerReport; state: Tensor; sqnrDb: number }[] = []
  for (const fake of fakeQuantizers) {
    const state = fake.target === 'weight' ? getMember(model, fake.producer) : undefined
    if (!(state instanceof Parameter || state instanceof Buffer)) continue
    measured.push({ fake, state, sqnrDb: await weightSqnr(fake, state) })
  }
  const worst = measured.sort((a, b) => a.sqnrDb - b.sqnrDb).slice(0, SHOWN)
  return Promise.all(
    worst.map(async ({ fake, state, sqnrDb }) =>
      histogramOf(fake, fake.producer, sqnrDb, toFloat32(await state.array())),
    ),
  )
}

async function weightSqnr({ fakeQuantize }: FakeQuantizerReport, state: Tensor): Promise<number> {
  const [power, noise] = noGrad(() => {
    const difference = fakeQuantize(state).sub(state)
    return [state.mul(state).sum(), difference.mul(difference).sum()] as const
  })
  const [signal, lost] = [await power.item(), await noise.item()]
  return lost === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / lost)
}

async function histogramOf(
  fake: FakeQuantizerReport,
  name: string,
  sqnrDb: number,
  values: Float32Array,
): Promise<TensorHistogram> {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < min) min = value
    if (value > max) max = value
  }
  const counts = new Array<number>(BINS).fill(0)
  const width = (max - min) / BINS || 1
  for (const value of values) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((value - min) / width)))
    if (Number.isFinite(value)) counts[bin] = (counts[bin] ?? 0) + 1
  }
  const range = await rangeOf(fake)
  return { name, kind: fake.target, dtype: fake.spec.dtype, sqnrDb, min, max, counts, range }
}

/** The values that a fake quantizer can hold, of its widest channel or block. */
async function rangeOf({
  fakeQuantize,
  spec,
}: FakeQuantizerReport): Promise<readonly [number, number] | null> {
  if (fakeQuantize.qparams_calculator.isStateless) return null
  const { scale, zeroPoint, minval } = fakeQuantize.qparams()
  const scales = toFloat32(await scale.array())
  const zeros = zeroPoint ? toFloat32(await zeroPoint.array()) : undefined
  const lowest = minval ? toFloat32(await minval.array()) : undefined
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  scales.forEach((step, i) => {
    const start = lowest === undefined ? (spec.quantMin - (zeros?.[i] ?? 0)) * step : (lowest[i] ?? 0)
    low = Math.min(low, start)
    high = Math.max(high, start + (spec.quantMax - spec.quantMin) * step)
  })
  return low <= high ? [low, high] : null
}
