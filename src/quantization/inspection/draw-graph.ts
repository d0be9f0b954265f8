import { describeObserver } from './describe-observer.ts'
import { describeWin } from './format-table.ts'
import { layerGraph, nodeOf, type PlacedOp } from './layer-graph.ts'
import type { Inspection } from './model-inspector.ts'
import type { ObserverReport } from './reports.ts'

/** What is drawn. */
export interface DrawOptions {
  /** Path of a module: only its operations and those of the modules in it are drawn. Default: all. */
  readonly module?: string
}

const BOX = { width: 215, height: 52, gapX: 50, gapY: 56, margin: 36 }
/** Below the drawing: a line for each observer, and the room that its text takes. */
const LEGEND = { lineHeight: 24, width: 420 }
/** Letters that fit into a box; of a longer path the end is written, and the title has all of it. */
const MAX_LETTERS = 32
/** Letters of a path that are written however long the type is. */
const MIN_LETTERS = 8
/** Hues are turned by the golden angle, so that neighbouring numbers look different. */
const GOLDEN_ANGLE = 137.508

/**
 * Draws a model as an SVG: operations from the top to the bottom, on each edge the number of the observer of its value, and the same number and colour
 * wherever places share one; below, what each number stands for. Operations that no pattern covers are grey; the title of a box tells which config won.
 */
export function drawGraph({ operations }: Inspection, { module }: DrawOptions = {}): string {
  const isInside = (path: string) =>
    module === undefined || module === '' || path === module || path.startsWith(`${module}.`)
  const drawn = layerGraph(operations.filter((operation) => isInside(operation.module)))
  const edges = [...drawn.values()].flatMap((placed) => edgesOf(placed, drawn))
  const boxes = Array.from(drawn.values(), boxOf)
  const columns = Math.max(0, ...Array.from(drawn.values(), ({ column }) => column)) + 1
  const rows = Math.max(0, ...Array.from(drawn.values(), ({ row }) => row)) + 1
  const observers = observersOf(Array.from(drawn.values(), ({ operation }) => operation))
  const legendTop = 2 * BOX.margin + rows * (BOX.height + BOX.gapY)
  const width = Math.max(2 * BOX.margin + columns * (BOX.width + BOX.gapX), LEGEND.width)
  const height = legendTop + observers.length * LEGEND.lineHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...edges,
    ...boxes,
    ...observers.map((observer, i) => legendLine(observer, legendTop + i * LEGEND.lineHeight)),
    '</svg>',
  ].join('\n')
}

/** Each observer once, by its number. */
function observersOf(operations: Inspection['operations']): ObserverReport[] {
  const places = operations.flatMap(({ inputs, output }) => [...inputs, output])
  const observers = places.flatMap(({ observer }) => observer ?? [])
  const byNumber = new Map(observers.map((observer) => [observer.number, observer]))
  return [...byNumber.values()].sort((a, b) => a.number - b.number)
}

function legendLine(observer: ObserverReport, y: number): string {
  const text = `${observer.target}: ${describeObserver(observer)}`
  return `<g transform="translate(${BOX.margin + 13},${y})">${pill(observer, observer.target)}<text x="22" y="4">${escaped(text)}</text></g>`
}

function boxOf({ operation, row, column }: PlacedOp): string {
  const { name, type, module, winner, inputs, output } = operation
  const [x, y] = [leftOf(column), topOf(row)]
  const states = inputs.flatMap(({ input, observer }) =>
    observer?.target === 'weight' ? [pill(observer, input ?? '')] : [],
  )
  const own = output.observer ? [pill(output.observer, 'output')] : []
  const marks = [
    ...states.map((mark, i) => `<g transform="translate(${x + BOX.width - 22 - 30 * i},${y})">${mark}</g>`),
    ...own.map((mark) => `<g transform="translate(${x + BOX.width / 2},${y + BOX.height})">${mark}</g>`),
  ]
  const label = labelOf(type, module)
  const win = winner === null ? 'not covered by a pattern' : `${winner.pattern}: ${describeWin(winner)}`
  const title = `${label}\n${win}`
  return [
    '<g>',
    `<title>${escaped(title)}</title>`,
    `<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6" fill="${winner === null ? '#eeeeee' : '#e8f0fe'}" stroke="${winner?.isKey ? '#1a56c4' : '#888888'}"/>`,
    `<text x="${x + 10}" y="${y + 19}" font-weight="bold">${escaped(name)}</text>`,
    `<text x="${x + 10}" y="${y + 35}" fill="#555555">${escaped(labelOf(type, shortened(module, MAX_LETTERS - type.length - 4)))}</text>`,
    ...marks,
    '</g>',
  ].join('\n')
}

function edgesOf({ operation, row, column }: PlacedOp, drawn: ReadonlyMap<string, PlacedOp>): string[] {
  const { inputs } = operation
  const read = inputs.filter(
    ({ input, observer }) => drawn.has(nodeOf(input)) || observer?.target === 'activation',
  )
  return read.map(({ input, observer }, i) => {
    const from = drawn.get(nodeOf(input))
    const to = [leftOf(column) + (BOX.width * (i + 1)) / (read.length + 1), topOf(row)] as const
    const start =
      from === undefined
        ? ([to[0], to[1] - BOX.gapY / 2] as const)
        : ([leftOf(from.column) + BOX.width / 2, topOf(from.row) + BOX.height] as const)
    const mark = observer
      ? `<g transform="translate(${to[0]},${to[1] - 12})">${pill(observer, input ?? '')}</g>`
      : ''
    const isLong = from !== undefined && row - from.row > 1
    const lane = leftOf(Math.min(from?.column ?? column, column)) + BOX.width + BOX.gapX / 3
    return `<path d="M${start.join()} ${isLong ? alongLane(start, lane, to) : curve(start, to)}" fill="none" stroke="#999999"/>${mark}`
  })
}

type Point = readonly [x: number, y: number]

function curve(from: Point, to: Point): string {
  return `C${from[0]},${from[1] + 24} ${to[0]},${to[1] - 30} ${to.join()}`
}

/** An edge that passes other operations does so between the columns. */
function alongLane(from: Point, lane: number, to: Point): string {
  const end: Point = [lane, to[1] - BOX.gapY]
  return `${curve(from, [lane, from[1] + BOX.gapY])} L${end.join()} ${curve(end, to)}`
}

function labelOf(type: string, module: string): string {
  return module === '' ? type : `${type} in ${module}`
}

function shortened(path: string, room: number): string {
  const letters = [...path]
  const kept = Math.max(room, MIN_LETTERS)
  return letters.length <= kept ? path : `…${letters.slice(1 - kept).join('')}`
}

/** The number of an observer in its colour; the title tells what it is. */
function pill(observer: ObserverReport, of: string): string {
  const { number } = observer
  const hue = Math.round((number * GOLDEN_ANGLE) % 360)
  const title = `#${number} ${of}: ${describeObserver(observer)}`
  return `<title>${escaped(title)}</title><rect x="-13" y="-9" width="26" height="18" rx="9" fill="hsl(${hue},70%,80%)" stroke="hsl(${hue},70%,40%)"/><text text-anchor="middle" y="4" font-size="11">${number}</text>`
}

function leftOf(column: number): number {
  return BOX.margin + column * (BOX.width + BOX.gapX)
}

function topOf(row: number): number {
  return BOX.margin + row * (BOX.height + BOX.gapY)
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
