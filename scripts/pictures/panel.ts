/** One part of a picture: values above the axis, and below it what quantization makes of them. */
export interface Panel {
  readonly title: string
  /** Stands on the right, such as the signal to noise ratio. */
  readonly note: string
  readonly values: Float32Array
  readonly quantized: Float32Array
  /** Smallest and largest value that can be held; null where they are not the same everywhere. */
  readonly range: readonly [min: number, max: number] | null
  /** Every value that can be held, ascending; none where they are too many to see. */
  readonly levels: readonly number[]
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
/** Different values that are drawn one by one; more are counted in bins. */
const MAX_VALUES = 400
const COLORS = {
  paper: '#ffffff',
  ink: '#24292f',
  grid: '#d8dee4',
  values: '#8c959f',
  quantized: '#0969da',
  bound: '#cf222e',
}

/** Panels below each other as the text of an SVG file. Heights are square roots of counts, so that rare values are seen. */
export function drawPanels(panels: readonly Panel[], axis: Axis, description: string): string {
  const step = HEADER + 2 * HALF + GAP
  const height = panels.length * step + 40
  const parts = panels.map((panel, i) => drawPanel(panel, axis, 10 + i * step))
  const bottom = height - 30
  const ticks = axis.ticks.map((tick) => {
    const x = xOf(tick, axis)
    return `<text x="${x}" y="${bottom + 16}" text-anchor="middle" fill="${COLORS.ink}">${tick}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${description}</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="${COLORS.paper}"/>`,
    ...axis.ticks.map((tick) => line(tick, axis, 10 + HEADER, bottom, COLORS.grid)),
    ...parts,
    ...ticks,
    '</svg>',
    '',
  ].join('\n')
}

function drawPanel(
  { title, note, values, quantized, range, levels }: Panel,
  axis: Axis,
  top: number,
): string {
  const zero = top + HEADER + HALF
  const bounds = (range ?? []).filter((bound) => isIn(axis, bound))
  const dots = levels
    .filter((level) => isIn(axis, level))
    .map((level) => `<circle cx="${xOf(level, axis)}" cy="${zero}" r="2"/>`)
  return [
    `<g fill="${COLORS.ink}" stroke="${COLORS.paper}" stroke-width="5" paint-order="stroke">`,
    `<text x="${MARGIN}" y="${top + 12}" font-weight="600">${title}</text>`,
    `<text x="${WIDTH - MARGIN}" y="${top + 12}" text-anchor="end">${note}</text></g>`,
    drawBars(binned(values, axis), axis, { zero, sign: 1, color: COLORS.values }),
    drawBars(countsOf(quantized, axis), axis, { zero, sign: -1, color: COLORS.quantized }),
    `<path d="M${MARGIN} ${zero}H${WIDTH - MARGIN}" stroke="${COLORS.ink}" stroke-width="0.6"/>`,
    `<g fill="${COLORS.paper}" stroke="${COLORS.quantized}">${dots.join('')}</g>`,
    ...bounds.map((bound) => line(bound, axis, zero - HALF, zero + HALF, COLORS.bound, '4 3')),
  ].join('\n')
}

interface Side {
  /** Where the axis is. */
  readonly zero: number
  /** 1 for bars above the axis, -1 for those below. */
  readonly sign: number
  readonly color: string
}

/** A bar in the middle of each value, as high as the square root of its count. */
function drawBars(counts: ReadonlyMap<number, number>, axis: Axis, { zero, sign, color }: Side): string {
  const width = (WIDTH - 2 * MARGIN) / BINS - 0.6
  const peak = Math.sqrt(Math.max(...counts.values()))
  const bars = Array.from(counts, ([value, count]) => {
    const size = Math.max(1, (Math.sqrt(count) / peak) * HALF)
    const x = Number(xOf(value, axis)) - width / 2
    return `M${x.toFixed(1)} ${zero}v${(-sign * size).toFixed(1)}h${width.toFixed(1)}V${zero}z`
  })
  return `<path d="${bars.join('')}" fill="${color}"/>`
}

/** A vertical line at a value. */
function line(
  value: number,
  axis: Axis,
  top: number,
  bottom: number,
  color: string,
  dashes?: string,
): string {
  const x = xOf(value, axis)
  const pattern = dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`
  return `<path d="M${x} ${top}V${bottom}" stroke="${color}"${pattern}/>`
}

/** How often each value on the axis occurs; in bins where there are many different ones. */
function countsOf(values: Float32Array, axis: Axis): ReadonlyMap<number, number> {
  return new Set(values).size > MAX_VALUES ? binned(values, axis) : counted(values, axis)
}

/** How often values occur in bins, by the middle of the bin; 0 is the middle of one. */
function binned(values: Float32Array, axis: Axis): ReadonlyMap<number, number> {
  const width = (axis.max - axis.min) / BINS
  return counted(
    Array.from(values, (value) => Math.round(value / width) * width),
    axis,
  )
}

function counted(values: Iterable<number>, axis: Axis): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const value of values) if (isIn(axis, value)) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function isIn({ min, max }: Axis, value: number): boolean {
  return value >= min && value <= max
}

/** Place of a value on the axis. */
function xOf(value: number, { min, max }: Axis): string {
  return (MARGIN + ((value - min) / (max - min)) * (WIDTH - 2 * MARGIN)).toFixed(1)
}
