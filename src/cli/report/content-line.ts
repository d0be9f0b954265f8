import { formatBytes } from '../text-table.ts'
import type { Report } from './report.ts'

/** How a file's size compares: `4.00 times smaller`. */
export function sizeRatio(before: number, after: number): string {
  if (after > before) return `${(after / before).toFixed(2)} times LARGER`
  return `${(before / after).toFixed(2)} times smaller`
}

/** `1 batch`, `8 batches` */
export function batchCount(count: number): string {
  return `${count} batch${count === 1 ? '' : 'es'}`
}

/** How much of a file is its tensors, and how much the graph around them, with names and headers. */
export function contentLine({ sizeBytes, contentBytes }: Report['quantized']): string {
  const rest = Math.max(0, sizeBytes - contentBytes)
  return `Of its ${formatBytes(sizeBytes)}, ${formatBytes(sizeBytes - rest)} are tensors, ${formatBytes(rest)} (${((100 * rest) / sizeBytes).toFixed(1)}%) graph, names and headers`
}
