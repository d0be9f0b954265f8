import type { Dim } from '../../../ir/dim.ts'
import { broadcastShapes } from '../../../tensor/broadcast-shapes.ts'
import { sizeOf, stridesOf } from '../../../tensor/shape.ts'
import type { Content } from './content.ts'

/** Elements of `content` under a shape that it broadcasts to. */
export function spread(
  { shape, elements }: Pick<Content, 'shape' | 'elements'>,
  to: readonly number[],
): Dim[] {
  const strides = stridesOf(shape)
  const offset = to.length - shape.length
  return positions(to).map((at) => {
    const from = at.reduce((sum, position, axis) => {
      const own = axis - offset
      return own < 0 || shape[own] === 1 ? sum : sum + position * (strides[own] ?? 0)
    }, 0)
    return elements[from] ?? 0
  })
}

/** The shape that several broadcast to; undefined where they do not. */
export function commonShape(shapes: readonly (readonly number[])[]): number[] | undefined {
  try {
    return [...shapes.reduce<readonly number[]>((a, b) => broadcastShapes(a, b), [])]
  } catch {
    return undefined
  }
}

/** All positions of a shape, in row-major order. */
function positions(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape)
  return Array.from({ length: sizeOf(shape) }, (_, index) =>
    shape.map((size, axis) => Math.floor(index / (strides[axis] ?? 1)) % size),
  )
}

/** The elements at chosen positions of one axis. */
export function pick({ shape, elements, dtype }: Content, axis: number, at: readonly number[]): Content {
  const strides = stridesOf(shape)
  const target = shape.with(axis, at.length)
  const picked = positions(target).map((place) => {
    const from = place.reduce(
      (sum, position, i) => sum + (i === axis ? (at[position] ?? 0) : position) * (strides[i] ?? 0),
      0,
    )
    return elements[from] ?? 0
  })
  return { shape: target, elements: picked, dtype }
}

/** The elements with their axes in another order. */
export function permuted({ shape, elements, dtype }: Content, order: readonly number[]): Content {
  const strides = stridesOf(shape)
  const target = order.map((axis) => shape[axis] ?? 1)
  const moved = positions(target).map((place) => {
    const from = place.reduce((sum, position, i) => sum + position * (strides[order[i] ?? 0] ?? 0), 0)
    return elements[from] ?? 0
  })
  return { shape: target, elements: moved, dtype }
}
