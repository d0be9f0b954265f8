/** A column of a table. */
export interface Column {
  readonly title: string
  /** Numbers stand at the right. */
  readonly align?: 'left' | 'right'
}

/** Aligned columns of text with a head, two spaces apart. Cells wider than `maxCell` are cut. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxCell: number = 60,
): string {
  const cut = (text: string) => (text.length > maxCell ? `${text.slice(0, maxCell - 1)}…` : text)
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => row.map(cut))
  const widths = columns.map((_, i) => cells.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0))
  return cells
    .map((row) =>
      columns
        .map(({ align }, i) => {
          const cell = row[i] ?? ''
          return align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A size as people say it: `4.68 MB`, of 10^6 bytes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return power === 0 ? `${bytes} B` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`
}

/** A ratio of signal to noise: `34.2 dB`. */
export function formatDecibels(decibels: number): string {
  return Number.isFinite(decibels) ? `${decibels.toFixed(1)} dB` : decibels > 0 ? 'equal' : String(decibels)
}
