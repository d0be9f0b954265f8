import type { DTypeSize } from '../describe-model.ts'
import type { LayerAgreement } from '../measure-layers.ts'
import { formatBytes, formatDecibels } from '../text-table.ts'
import { escapeHtml } from './escape-html.ts'
import type { TensorHistogram } from './histograms.ts'

/** Colours of dtypes, the same in light and dark. */
const COLORS: Readonly<Record<string, string>> = {
  float32: '#8a8f98',
  float16: '#a9adb5',
  int64: '#c9a227',
  int32: '#b5893a',
  int8: '#2f7ed8',
  uint8: '#3aa6b9',
  int4: '#2ca05a',
  uint4: '#5bb97e',
  int2: '#8e5bd0',
  uint2: '#a884dc',
}
const OTHER_COLOR = '#d0587e'

/** A model's sizes as one bar for each version, in parts for each dtype. */
export interface SizedModel {
  readonly label: string
  readonly sizes: readonly DTypeSize[]
}

/** Bars of sizes by dtype, drawn to one scale. */
export function sizeBars(models: readonly SizedModel[]): string {
  const total = ({ sizes }: SizedModel) => sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  const largest = Math.max(1, ...models.map(total))
  const bars = models.map((model) => {
    const parts = model.sizes
      .filter(({ bytes }) => bytes > 0)
      .map(
        ({ dtype, bytes }) =>
          `<i style="width:${((100 * bytes) / largest).toFixed(2)}%;background:${colorOf(dtype)}" title="${escapeHtml(dtype)}: ${formatBytes(bytes)}"></i>`,
      )
    return `<div class="bar"><span>${escapeHtml(model.label)}</span><div>${parts.join('')}</div><b>${formatBytes(total(model))}</b></div>`
  })
  const dtypes = [...new Set(models.flatMap(({ sizes }) => sizes.map(({ dtype }) => dtype)))]
  const legend = dtypes.map(
    (dtype) => `<span><i style="background:${colorOf(dtype)}"></i>${escapeHtml(dtype)}</span>`,
  )
  return `<div class="bars">${bars.join('')}</div><p class="legend">${legend.join('')}</p>`
}

function colorOf(dtype: string): string {
  return COLORS[dtype] ?? OTHER_COLOR
}

const CHART = { width: 720, height: 230, left: 44, bottom: 30, top: 16 } as const
/** Decibels above which more is not seen. */
const TOP_DB = 80

/** Signal to noise along the model: one bar for each operation, in order. */
export function agreementChart(layers: readonly LayerAgreement[]): string {
  const { width, height, left, bottom, top } = CHART
  const inner = { width: width - left, height: height - bottom - top }
  const step = inner.width / Math.max(1, layers.length)
  const y = (decibels: number) => top + inner.height * (1 - Math.min(TOP_DB, Math.max(0, decibels)) / TOP_DB)
  const bars = layers.map(({ name, sqnrDb }, i) => {
    const at = y(sqnrDb)
    const kind = sqnrDb < 15 ? 'poor' : sqnrDb < 30 ? 'fair' : 'good'
    const bar = `<rect class="${kind}" x="${(left + i * step).toFixed(1)}" y="${at.toFixed(1)}" width="${Math.max(0.5, step * 0.8).toFixed(1)}" height="${Math.max(0.5, height - bottom - at).toFixed(1)}">`
    return `${bar}<title>${escapeHtml(name)}: ${formatDecibels(sqnrDb)}</title></rect>`
  })
  const lines = [0, 20, 40, 60, 80].map(
    (value) =>
      `<line x1="${left}" x2="${width}" y1="${y(value)}" y2="${y(value)}"/><text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
  )
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="Signal to noise by layer, in decibels">${lines.join('')}${bars.join('')}<text x="${left}" y="${height - 8}">first operation</text><text x="${width}" y="${height - 8}" text-anchor="end">last, dB</text></svg>`
}

const FIGURE = { width: 320, height: 120, bottom: 18 } as const

/** The values of one tensor and the range of its quantized form. */
export function histogramFigure({
  name,
  kind,
  dtype,
  sqnrDb,
  min,
  max,
  counts,
  range,
}: TensorHistogram): string {
  const { width, height, bottom } = FIGURE
  const [low, high] = [Math.min(min, range?.[0] ?? min), Math.max(max, range?.[1] ?? max)]
  const span = high - low || 1
  const x = (value: number) => (width * (value - low)) / span
  const tallest = Math.max(1, ...counts)
  const binWidth = (x(max) - x(min)) / counts.length
  const bars = counts.map((count, i) => {
    const tall = (height - bottom) * Math.sqrt(count / tallest)
    return count === 0
      ? ''
      : `<rect x="${(x(min) + i * binWidth).toFixed(2)}" y="${(height - bottom - tall).toFixed(2)}" width="${Math.max(0.4, binWidth).toFixed(2)}" height="${tall.toFixed(2)}"/>`
  })
  const bounds = (range ?? []).map(
    (value) =>
      `<line class="bound" x1="${x(value).toFixed(2)}" x2="${x(value).toFixed(2)}" y1="0" y2="${height - bottom}"/>`,
  )
  const label = (value: number) => Number(value.toPrecision(3)).toString()
  return `<figure><svg viewBox="-2 0 ${width + 4} ${height}" role="img" aria-label="Histogram of ${escapeHtml(name)}">${bars.join('')}${bounds.join('')}<text x="0" y="${height - 4}">${label(low)}</text><text x="${width}" y="${height - 4}" text-anchor="end">${label(high)}</text></svg><figcaption><b>${escapeHtml(name)}</b> ${kind}, ${escapeHtml(dtype)}, ${formatDecibels(sqnrDb)}</figcaption></figure>`
}
