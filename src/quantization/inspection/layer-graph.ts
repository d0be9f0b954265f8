import type { OpReport } from './reports.ts'

/** An operation with its place in a drawing. */
export interface PlacedOp {
  readonly operation: OpReport
  /** Row from the top; what reads another operation stands below it. */
  readonly row: number
  /** Column in the row. */
  readonly column: number
}

/**
 * Gives operations rows and columns: each as far up as what it reads allows, and in a row by the mean column of what it reads. Linear in the number of
 * edges, but for the sorting.
 */
export function layerGraph(operations: readonly OpReport[]): Map<string, PlacedOp> {
  const rowOf = new Map<string, number>()
  const rows: OpReport[][] = []
  for (const operation of operations) {
    const above = operation.inputs.flatMap(({ input }) => rowOf.get(nodeOf(input)) ?? [])
    const row = above.reduce((max, each) => Math.max(max, each + 1), 0)
    rowOf.set(operation.name, row)
    rows[row] = [...(rows[row] ?? []), operation]
  }
  const placed = new Map<string, PlacedOp>()
  rows.forEach((members, row) => {
    const wished = members.map((operation) => {
      const columns = operation.inputs.flatMap(({ input }) => placed.get(nodeOf(input))?.column ?? [])
      return { operation, at: columns.reduce((sum, each) => sum + each, 0) / Math.max(columns.length, 1) }
    })
    wished.sort((a, b) => a.at - b.at)
    wished.forEach(({ operation }, column) => {
      placed.set(operation.name, { operation, row, column })
    })
  })
  return placed
}

/** The operation that a read value comes from: further results are counted behind a `#`. */
export function nodeOf(input: string | null): string {
  return (input ?? '').split('#')[0] ?? ''
}
