/** One part of a picture: values above the axis, and below it what quantization makes of them. */
export interface Panel {
  readonly title: string
  /** Stands on the right, such as the signal to noise ratio. */
  readonly note: string
  readonly values: Float32Array
  readonly quantized: Float32Array
  /** Smallest and largest value that can be held; null where they are not the same everywhere. */
  readonly range: readonly [min: number, max: number] | null
}

/** What all panels of a picture have in common. */
export interface Axis {
  readonly min: number
  readonly max: number
  /** Numbers that are written below the last panel. */
  readonly ticks: readonly number[]
}

const WIDTH = 760
const MARGIN = 20
const HEADER = 22
const HALF = 46
const GAP = 14
const BINS = 180
const COLORS = { paper: '#ffffff', ink: '#24292f', values: '#8c959f', quantized: '#0969da', bound: '#cf222e' }

/** Panels below each other as the text of an SVG file. Heights are square roots of counts, so that rare values are seen. */
export function drawPanels(panels: readonly Panel[], axis: Axis, description: string): string {
  const step = HEADER + 2 * HALF + GAP
  const height = panels.length * step + 40
  const parts = panels.map((panel, i) => drawPanel(panel, axis, 10 + i * step))
  const ticks = axis.ticks.map(
    (tick) =>
      `<text x="${xOf(tick, axis)}" y="${height - 14}" text-anchor="middle" fill="${COLORS.ink}">${tick}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${description}</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="${COLORS.paper}"/>`,
    ...parts,
    ...ticks,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel({ title, note, values, quantized, range }: Panel, axis: Axis, top: number): string {
  const counts = [countsOf(values, axis), countsOf(quantized, axis)] as const
  const zero = top + HEADER + HALF
  const peak = (of: readonly number[]) => Math.max(...of.map(Math.sqrt))
  const bars = (of: readonly number[], sign: number, color: string) => {
    const paths = of.flatMap((count, bin) => {
      if (count === 0) return []
      const size = Math.max(1, (Math.sqrt(count) / peak(of)) * HALF)
      const x = MARGIN + (bin / BINS) * (WIDTH - 2 * MARGIN)
      return `M${x.toFixed(1)} ${zero}v${(-sign * size).toFixed(1)}h${((WIDTH - 2 * MARGIN) / BINS - 0.6).toFixed(1)}V${zero}z`
    })
    return `<path d="${paths.join('')}" fill="${color}"/>`
  }
  const bounds = (range ?? [])
    .filter((bound) => bound > axis.min && bound < axis.max)
    .map((bound) => {
      const x = xOf(bound, axis)
      return `<path d="M${x} ${zero - HALF}V${zero + HALF}" stroke="${COLORS.bound}" stroke-dasharray="4 3"/>`
    })
  return [
    `<text x="${MARGIN}" y="${top + 12}" font-weight="600" fill="${COLORS.ink}">${title}</text>`,
    `<text x="${WIDTH - MARGIN}" y="${top + 12}" text-anchor="end" fill="${COLORS.ink}">${note}</text>`,
    bars(counts[0], 1, COLORS.values),
    bars(counts[1], -1, COLORS.quantized),
    `<path d="M${MARGIN} ${zero}H${WIDTH - MARGIN}" stroke="${COLORS.ink}" stroke-width="0.6"/>`,
    ...bounds,
  ].join('\n')
}

function countsOf(values: Float32Array, { min, max }: Axis): number[] {
  const counts = new Array<number>(BINS).fill(0)
  for (const value of values) {
    const bin = Math.floor(((value - min) / (max - min)) * BINS)
    if (bin >= 0 && bin < BINS) counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts
}

/** Place of a value on the axis. */
function xOf(value: number, { min, max }: Axis): string {
  return (MARGIN + ((value - min) / (max - min)) * (WIDTH - 2 * MARGIN)).toFixed(1)
}
