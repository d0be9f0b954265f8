import type { GraphProto, NodeProto } from '../../codec/onnx.ts'
import { readNames } from './graph-walk.ts'
import { onnxFailure } from './onnx-failure.ts'

/**
 * The nodes of a graph in an order in which they can run, which is the file's where that is one.
 * @throws FormatError for a cycle
 */
export function sortedNodes({ node: nodes }: GraphProto): readonly NodeProto[] {
  const makers = new Map<string, number>()
  nodes.forEach(({ output }, i) => {
    for (const name of output) if (name !== '') makers.set(name, i)
  })
  const readers = nodes.map((): number[] => [])
  const open = nodes.map((node, i) => {
    const before = new Set(readNames(node).flatMap((name) => makers.get(name) ?? []))
    for (const maker of before) readers[maker]?.push(i)
    return before.size
  })
  const order: NodeProto[] = []
  const ready = new ReadyList(open.flatMap((count, i) => (count === 0 ? [i] : [])))
  for (let i = ready.next(); i !== undefined; i = ready.next()) {
    const node = nodes[i]
    if (node !== undefined) order.push(node)
    for (const reader of readers[i] ?? []) {
      open[reader] = (open[reader] ?? 0) - 1
      if (open[reader] === 0) ready.add(reader)
    }
  }
  if (order.length === nodes.length) return order
  const stuck = nodes.find((_, i) => (open[i] ?? 0) > 0)
  throw onnxFailure(
    stuck?.name || stuck?.opType || 'graph',
    'nodes that do not depend on themselves',
    'a cycle',
  )
}

/** Places that are ready, the smallest first: a binary heap. */
class ReadyList {
  readonly #heap: number[] = []

  constructor(places: readonly number[]) {
    for (const place of places) this.add(place)
  }

  add(place: number): void {
    const heap = this.#heap
    heap.push(place)
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if ((heap[parent] ?? 0) <= (heap[i] ?? 0)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  next(): number | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let i = 0; ; ) {
      const children = [2 * i + 1, 2 * i + 2].filter((child) => child < heap.length)
      const smallest = children.reduce((a, b) => ((heap[b] ?? 0) < (heap[a] ?? 0) ? b : a), i)
      if (smallest === i) return first
      this.#swap(i, smallest)
      i = smallest
    }
  }

  #swap(i: number, j: number): void {
    const heap = this.#heap
    const [a = 0, b = 0] = [heap[i], heap[j]]
    heap[i] = b
    heap[j] = a
  }
}
