import { StateError } from '../../engine/state-error.ts'
import type { Node, Value } from '../../ir/node.ts'
import { isQuantizable, outputOf } from './graph-view.ts'
import type { Annotating } from './propose.ts'
import { isAsked, isDeclined, rewish, type Slot, type SlotTable, tie } from './slots.ts'
import { stronger, withClaim } from './wishes.ts'

/** How often every slot may change before something is wrong. */
const MAX_ROUNDS = 100

/**
 * Ties slots that have to share an observer until nothing changes any more: a tensor has one observer, and operations that only move values have
 * the same before and after.
 * @throws StateError when it does not come to an end
 */
export function reconcile(context: Annotating, slots: SlotTable): void {
  new Reconciler(context, slots).run()
}

class Reconciler {
  readonly #context: Annotating
  readonly #slots: SlotTable
  readonly #queue: Node[]
  readonly #queued: Set<Node>
  readonly #tiedStates = new Set<Value>()

  constructor(context: Annotating, slots: SlotTable) {
    this.#context = context
    this.#slots = slots
    this.#queue = [...context.view.nodes]
    this.#queued = new Set(this.#queue)
  }

  run(): void {
    const limit = MAX_ROUNDS * (this.#queue.length + [...this.#slots].length)
    for (let i = 0; i < this.#queue.length; i++) {
      const node = this.#queue[i]
      if (node === undefined) continue
      if (i > limit)
        throw new StateError(
          `Cannot reconcile the observers of "${node.name}": expected an end after ${limit} steps, got none (a bug in lowbit)`,
        )
      this.#queued.delete(node)
      this.#apply(node)
    }
  }

  #apply(node: Node): void {
    const facts = node.op.quantization
    if (this.#isCovered(node)) {
      this.#tieEdges(node)
      if (facts?.sharesObserver) this.#tieThrough(node)
    } else if (facts?.passThrough === 'rankPreserving') this.#tiePassThrough(node)
    else if (facts?.passThrough === 'rankChanging') this.#copyDownstream(node)
    for (const value of this.#context.view.reads(node))
      if (this.#context.view.isState(value)) this.#tieState(value)
  }

  /** One observer for a tensor where what makes it and what reads it are both quantized, in different groups. */
  #tieEdges(node: Node): void {
    const { view } = this.#context
    view.reads(node).forEach((value, i) => {
      if (value.node !== null && this.#areApart(value.node, node)) this.#tieEdge(value.node, node, i)
    })
    for (const reader of view.users(outputOf(node))) {
      if (this.#areApart(reader, node))
        this.#tieEdge(node, reader, view.reads(reader).indexOf(outputOf(node)))
    }
  }

  #tieEdge(producer: Node, consumer: Node, input: number): void {
    const ends = [this.#slots.get(producer, null), this.#slots.get(consumer, input)]
    if (ends.some(isDeclined) || !ends.some(isAsked) || !isQuantizable(outputOf(producer))) return
    this.#tie([this.#slots.ensure(producer, null), this.#slots.ensure(consumer, input)])
  }

  /** Pools, flatten, concat: what comes out has the range of what goes in. */
  #tieThrough(node: Node): void {
    const { view } = this.#context
    const inputs = view.reads(node).flatMap((value, i) => (isQuantizable(value) ? [i] : []))
    if (!inputs.some((i) => this.#slots.get(node, i) !== undefined)) return
    if (this.#joinsChannels(node))
      this.#shareDType([...inputs, null].flatMap((i) => this.#slots.get(node, i) ?? []))
    else this.#tie([...inputs, null].map((i) => this.#slots.ensure(node, i)))
  }

  /** Whether a concat puts tensors together along the axis that has the scales: each keeps its own then. */
  #joinsChannels(node: Node): boolean {
    const { dim } = node.attrs
    const granularity = this.#slots.get(node, null)?.group.wish.fields.get('granularity')?.value
    const rank = outputOf(node).shape.length
    if (
      typeof dim !== 'number' ||
      node.op.name !== 'aten.cat' ||
      typeof granularity !== 'object' ||
      granularity === null
    )
      return false
    const axis = 'axis' in granularity ? granularity.axis : null
    return axis !== null && (axis + rank) % rank === (dim + rank) % rank
  }

  #shareDType(slots: readonly Slot[]): void {
    const asked = slots.filter(isAsked)
    const dtypes = asked.flatMap(({ group }) => group.wish.fields.get('dtype') ?? [])
    const [first, ...others] = dtypes
    if (first === undefined) return
    const dtype = others.reduce(stronger, first)
    for (const slot of asked) this.#changed(rewish(slot, withClaim(slot.group.wish, 'dtype', dtype)))
  }

  /** A state that several operations read has one observer, or none where the strongest of them declines. */
  #tieState(state: Value): void {
    const { view } = this.#context
    const readers = view.users(state)
    if (readers.length < 2 || this.#tiedStates.has(state)) return
    this.#tiedStates.add(state)
    const slots = readers.flatMap((reader) =>
      this.#isCovered(reader) ? (this.#slots.get(reader, view.reads(reader).indexOf(state)) ?? []) : [],
    )
    if (slots.length >= 2) this.#changed(tie(slots, true))
  }

  /** Permute, dropout and their like: what surrounds them has one observer. */
  #tiePassThrough(node: Node): void {
    const { view } = this.#context
    const [source] = view.reads(node)
    if (source === undefined || !isQuantizable(source)) return
    const places: [Node, number | null][] = [
      [node, 0],
      [node, null],
    ]
    if (source.node !== null && this.#speaks(source.node)) places.push([source.node, null])
    for (const reader of view.users(outputOf(node))) {
      if (this.#speaks(reader)) places.push([reader, view.reads(reader).indexOf(outputOf(node))])
    }
    this.#tie(places.map(([place, input]) => this.#slots.ensure(place, input)))
  }

  /**
   * Reshapes and their like: scheme and range of the nearest observer before them hold after them. The first of a chain of them speaks for all
   * that follow it.
   */
  #copyDownstream(node: Node): void {
    const { view } = this.#context
    const own = this.#slots.get(node, 0)
    const producer = view.reads(node)[0]?.node
    const source = isAsked(own) ? own : producer ? this.#slots.get(producer, null) : undefined
    if (!isAsked(source)) return
    const { fields, range } = source.group.wish
    const qscheme = fields.get('qscheme')
    for (const slot of this.#downstream(node)) {
      const { wish } = slot.group
      const schemed = qscheme === undefined ? wish : withClaim(wish, 'qscheme', qscheme)
      this.#changed(rewish(slot, { ...schemed, range }))
    }
  }

  /** What reads a node, also through more operations of its kind that nothing observes. */
  *#downstream(node: Node): Generator<Slot> {
    const { view } = this.#context
    const nodes = [node]
    for (const at of nodes) {
      for (const reader of view.users(outputOf(at))) {
        const slot = this.#slots.get(reader, view.reads(reader).indexOf(outputOf(at)))
        if (isAsked(slot)) yield slot
        else if (reader.op.quantization?.passThrough === 'rankChanging') nodes.push(reader)
      }
    }
  }

  #isCovered(node: Node): boolean {
    return this.#context.winners.has(node)
  }

  #speaks(node: Node): boolean {
    return this.#isCovered(node) || node.op.quantization?.passThrough !== undefined
  }

  /** Whether two nodes are quantized, and `other` is outside of the group of `node`. */
  #areApart(other: Node, node: Node): boolean {
    return this.#isCovered(other) && this.#context.winners.get(node)?.group.has(other) === false
  }

  #tie(slots: readonly Slot[]): void {
    this.#changed(tie(slots))
  }

  /** Looks again at the nodes of slots that changed. */
  #changed(slots: Iterable<Slot>): void {
    for (const { node } of slots) {
      if (this.#queued.has(node)) continue
      this.#queued.add(node)
      this.#queue.push(node)
    }
  }
}
