import type { Report } from './report.ts'

/** Signal to noise below which an output hardly follows the float model any more, and above which nobody sees a difference. */
const POOR_DB = 15
const GOOD_DB = 30
/** A layer that is this much worse than what it reads is worth leaving out. */
const NAMED_LAYERS = 3

/** What to do next, most important first. */
export function adviceFor(report: Omit<Report, 'advice'>): string[] {
  const { agreement, data, plan, config } = report
  const advice: string[] = []
  if (data?.isRandom) advice.push('Calibrate with real inputs: ranges of random numbers fit nothing else')
  if (agreement === null)
    advice.push(
      data === null
        ? 'Name data (--calibration <path>) to see how far the file is from the original'
        : 'Leave out --no-measure to see how far the file is from the original',
    )
  if (report.quantized.sizeBytes > report.model.sizeBytes)
    advice.push(
      'The file is LARGER than the original: this model has too few weights for what quantizing adds to the graph; --preset w8 adds less',
    )
  const worst = Math.min(...(agreement?.outputs ?? []).map(({ sqnrDb }) => sqnrDb))
  if (worst < GOOD_DB && agreement !== null) {
    const names = lossyLayers(agreement.layers)
    if (names.length > 0)
      advice.push(
        `Try to leave out what loses most: ${names.map((name) => `--exclude ${name}`).join(' ')}; lowbit sensitivity ranks the layers one by one`,
      )
    if (plan.hasActivations)
      advice.push('Try --range histogram_mse or --range percentile for activations with outliers')
    if (worst < POOR_DB)
      advice.push(
        plan.hasActivations
          ? 'Try --preset w8, which keeps activations float, or train with fake quantizers (quantization-aware training)'
          : 'Try more bits or smaller blocks, or train with fake quantizers (quantization-aware training)',
      )
  }
  advice.push(...safetyAdvice(report))
  if (agreement !== null && worst >= GOOD_DB && config.origin === 'preset w8')
    advice.push('This loses next to nothing: --preset w4-block would be about half as large')
  if (advice.length === 0)
    advice.push('Check the file with data of your own: lowbit verify <model> <quantized> --data <path>')
  return advice
}

function safetyAdvice({ agreement, config }: Omit<Report, 'advice'>): string[] {
  const safety = agreement?.file?.safety
  if (safety === undefined || safety.safeWith === 'both') return []
  const isPreset = config.origin.startsWith('preset ')
  const reduced = isPreset ? '--reduce-range' : 'reduce_range: true for weights'
  const saturates = safety.maySaturate
    ? [
        `Try ${reduced}: weights of seven bits keep the sums of this processor's integer kernels from saturating; --preset w8 needs no integer kernels`,
      ]
    : []
  const elsewhere =
    safety.safeWith === 'plain'
      ? ['Else run the file with graph optimizations disabled on machines like this one']
      : []
  return [...saturates, ...elsewhere]
}

/** Names of the quantizable operations whose result lost most. */
function lossyLayers(
  layers: readonly { readonly name: string; readonly type: string; readonly sqnrDb: number }[],
): string[] {
  const weighted = layers.filter(({ type }) => /conv|linear|matmul|embedding|lstm|gru/.test(type))
  return weighted
    .filter(({ sqnrDb }) => sqnrDb < GOOD_DB)
    .sort((a, b) => a.sqnrDb - b.sqnrDb)
    .slice(0, NAMED_LAYERS)
    .map(({ name }) => name)
}
