import type { Node } from '../../ir/node.ts'
import { type Fields, sameWish, unite, type Wish } from './wishes.ts'

/** Slots that share one observer, or a single slot. */
export interface SlotGroup {
  readonly slots: Slot[]
  /** What was asked for; without fields nothing was. */
  wish: Wish
  /** Priority of the strongest wish that nothing be quantized; null when nobody wished it. It counts while nothing is asked for. */
  declined: number | null
}

/** A place where an observer can stand: an input of a node, or its output. */
export interface Slot {
  readonly node: Node
  /** Which of the tensors that the node reads; null for its output. */
  readonly input: number | null
  group: SlotGroup
}

/** The slots of a graph's nodes. A slot is there once somebody has asked for it or declined it, or it was tied to another one. */
export class SlotTable {
  readonly #slots = new Map<Node, Map<number | null, Slot>>()

  /** The slot, if it is there. */
  get(node: Node, input: number | null): Slot | undefined {
    return this.#slots.get(node)?.get(input)
  }

  /** The slot, made when it is not there. */
  ensure(node: Node, input: number | null): Slot {
    const known = this.get(node, input)
    if (known !== undefined) return known
    const group: SlotGroup = { slots: [], wish: { fields: new Map(), range: undefined }, declined: null }
    const slot: Slot = { node, input, group }
    group.slots.push(slot)
    const ofNode = this.#slots.get(node)
    if (ofNode === undefined) this.#slots.set(node, new Map([[input, slot]]))
    else ofNode.set(input, slot)
    return slot
  }

  /** Every slot, in no particular order. */
  *[Symbol.iterator](): Generator<Slot> {
    for (const slots of this.#slots.values()) yield* slots.values()
  }
}

/** Whether anything is asked for a slot. */
export function isAsked(slot: Slot | undefined): slot is Slot {
  return slot !== undefined && slot.group.wish.fields.size > 0
}

/** Whether a slot is to stay unquantized. */
export function isDeclined(slot: Slot | undefined): boolean {
  return slot !== undefined && slot.group.declined !== null && !isAsked(slot)
}

/**
 * Makes slots share one observer: of each field the strongest wish wins, ranges are united.
 * @param declineCompetes whether a decline that is at least as strong as what is asked for wins; otherwise what is asked for does
 * @returns the slots for which something changed
 */
export function tie(slots: readonly Slot[], declineCompetes = false): Slot[] {
  const [into, ...others] = [...new Set(slots.map(({ group }) => group))].sort(
    (a, b) => b.slots.length - a.slots.length,
  )
  if (into === undefined || others.length === 0) return []
  const { wish: wishBefore, declined: declinedBefore } = into
  const moved = others.flatMap((group) => group.slots)
  for (const group of others) absorb(into, group)
  if (declineCompetes && into.declined !== null && into.declined <= strength(into.wish.fields)) {
    into.wish = { fields: new Map(), range: undefined }
  }
  const isSame = into.declined === declinedBefore && sameWish(into.wish, wishBefore)
  const changed = isSame ? moved : [...into.slots, ...moved]
  for (const slot of moved) {
    slot.group = into
    into.slots.push(slot)
  }
  return changed
}

/** Gives a slot's group other fields. Returns the slots for which that changed something. */
export function rewish(slot: Slot, wish: Wish): readonly Slot[] {
  if (sameWish(slot.group.wish, wish)) return []
  slot.group.wish = wish
  return slot.group.slots
}

function absorb(into: SlotGroup, { wish, declined }: SlotGroup): void {
  into.wish = unite(into.wish, wish)
  if (declined !== null) into.declined = Math.min(into.declined ?? declined, declined)
}

function strength(fields: Fields): number {
  let strongest = Number.POSITIVE_INFINITY
  for (const { priority } of fields.values()) strongest = Math.min(strongest, priority)
  return strongest
}
