import { type FakeQuantize, type GraphModule, type ModelInspector, Tensor } from 'lowbit'
import { type HostArray, toFloat32, toTypedArray } from '../../src/tensor/index.ts'
import type { Divergence } from '../divergence.ts'

/** Least signal to noise of outputs of fake-quantized models, and of nets with more layers than `DEEP`. */
const MIN_SNR_DB = 40
const MIN_DEEP_SNR_DB = 30
const DEEP = 15
/** Operations that count as layers. */
const LAYERS = /^aten\.(conv\w*|linear|embedding|matmul)$/

/** How far two numbers may be apart. */
export interface Tolerance {
  /** Relative to the expected number. */
  readonly relative: number
  readonly absolute?: number
}

/** The elements of an array as numbers. */
export function numbersOf(array: HostArray): number[] {
  return array.dtype.includes('float')
    ? Array.from(toFloat32(array))
    : Array.from(toTypedArray(array) as ArrayLike<number | bigint>, Number)
}

/** Compares shapes, and elements within a tolerance. */
export function compareClosely(
  where: string,
  expected: HostArray,
  got: HostArray,
  { relative, absolute = 0 }: Tolerance,
): Divergence | undefined {
  const different = compareShapes(where, expected, got)
  if (different !== undefined) return different
  const [theirs, own] = [numbersOf(expected), numbersOf(got)]
  const i = theirs.findIndex(
    (value, k) =>
      !(
        Math.abs(value - (own[k] ?? Number.NaN)) <= relative * Math.abs(value) + absolute ||
        Object.is(value, own[k])
      ),
  )
  if (i < 0) return undefined
  return { where: `${where}[${i}]`, expected: String(theirs[i]), got: String(own[i]) }
}

/** What outputs are measured by. */
export interface OutputRule {
  /** Whether values were fake-quantized on the way. */
  readonly isQuantized: boolean
  /** For each output that comes from a quantizer its step, which may depend on the value. */
  readonly steps: ReadonlyMap<number, number | ((value: number) => number)>
  readonly minSnrDb: number
}

/** The rule for the outputs of a prepared or finalized graph with fake quantizers in it. */
export async function outputRule(model: GraphModule, inspector: ModelInspector): Promise<OutputRule> {
  const layers = model.graph.nodes.filter(({ op }) => LAYERS.test(op.name)).length
  const steps = new Map<number, (value: number) => number>()
  for (const { consumers, fakeQuantize } of inspector.fakeQuantizers) {
    if (fakeQuantize.qparams_calculator.isStateless) continue
    for (const { node, input } of consumers) {
      if (node !== 'output') continue
      steps.set(input, await stepOf(fakeQuantize))
    }
  }
  return {
    isQuantized: inspector.fakeQuantizers.length > 0,
    steps,
    minSnrDb: layers > DEEP ? MIN_DEEP_SNR_DB : MIN_SNR_DB,
  }
}

/** The step of a fake quantizer with stored scales, the largest of several, which for float dtypes depends on the value. */
export async function stepOf(fakeQuantize: FakeQuantize): Promise<(value: number) => number> {
  const scale = Math.max(...numbersOf(await fakeQuantize.qparams().scale.array()))
  const float = FLOATS[fakeQuantize.spec.dtype]
  return (value) => (float === undefined ? scale : scale * spacing(value / scale, float))
}

/** Bits of the mantissa and smallest normal exponent of the float dtypes. */
const FLOATS: Readonly<Record<string, { readonly mantissa: number; readonly minExponent: number }>> = {
  float8_e4m3fn: { mantissa: 3, minExponent: -6 },
  float8_e5m2: { mantissa: 2, minExponent: -14 },
  float4_e2m1fn_x2: { mantissa: 1, minExponent: 0 },
}

/** Distance of neighbouring numbers of a float dtype at a value. */
function spacing(
  value: number,
  { mantissa, minExponent }: { mantissa: number; minExponent: number },
): number {
  const exponent = value === 0 ? minExponent : Math.floor(Math.log2(Math.abs(value)))
  return 2 ** (Math.max(exponent, minExponent) - mantissa)
}

/** Compares outputs: closely for a float model, within two steps and a signal to noise ratio for a fake-quantized one. */
export function compareOutput(
  where: string,
  expected: HostArray,
  got: HostArray,
  { isQuantized, steps, minSnrDb }: OutputRule,
  index?: number,
): Divergence | undefined {
  const different = compareShapes(where, expected, got)
  if (different !== undefined) return different
  const [theirs, own] = [numbersOf(expected), numbersOf(got)]
  if (!isQuantized) {
    const range = theirs.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
    return compareClosely(where, expected, got, { relative: 1e-4, absolute: 1e-5 * range })
  }
  const differences = theirs.map((value, i) => value - (own[i] ?? Number.NaN))
  const step = index === undefined ? undefined : steps.get(index)
  const far =
    step === undefined ? -1 : differences.findIndex((value, i) => !isNear(value, step, theirs[i] ?? 0))
  if (far >= 0)
    return { where: `${where}[${far}]`, expected: `${theirs[far]} up to two steps`, got: String(own[far]) }
  const snr = 10 * Math.log10(power(theirs) / power(differences))
  if (snr >= minSnrDb || power(differences) === 0) return undefined
  return { where, expected: `at least ${minSnrDb} dB`, got: `${snr.toFixed(1)} dB` }
}

/** Whether a difference is at most two steps, as float32 numbers have them. */
function isNear(difference: number, step: number | ((value: number) => number), value: number): boolean {
  return Math.abs(difference) <= 2 * (typeof step === 'number' ? step : step(value)) * (1 + 1e-5)
}

/** The tensors in what a model returns, in order. */
export function tensorsIn(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result]
  if (Array.isArray(result)) return result.flatMap(tensorsIn)
  return typeof result === 'object' && result !== null ? Object.values(result).flatMap(tensorsIn) : []
}

function compareShapes(where: string, expected: HostArray, got: HostArray): Divergence | undefined {
  const [theirs, own] = [`[${expected.shape.join(', ')}]`, `[${got.shape.join(', ')}]`]
  return theirs === own ? undefined : { where: `shape of ${where}`, expected: theirs, got: own }
}

function power(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}
