/** A table whose columns are as wide as their widest cell; all but the first two are aligned right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (i < 2 ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line), ''].join('\n')
}

/** Mean and standard deviation (of the sample) over the seeds; the mean alone, with their number, where some are missing. */
export function spread(values: readonly (number | undefined)[], decimals: number): string {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0) return ''
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  if (known.length < values.length) return `${mean.toFixed(decimals)} (${known.length} of ${values.length})`
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return `${mean.toFixed(decimals)} ± ${Math.sqrt(squares / (known.length - 1)).toFixed(decimals)}`
}

/** Differences of values of the same seeds, where both are there. */
export function differences(
  values: readonly (number | undefined)[],
  base: readonly (number | undefined)[],
): (number | undefined)[] {
  return values.map((value, i) => {
    const from = base[i]
    return value === undefined || from === undefined ? undefined : value - from
  })
}
