import type { Shape } from './shape.ts'

/** Thrown when shapes do not fit each other or an operation; `shapes` are the ones in conflict. */
export class ShapeError extends RangeError {
  override readonly name: string = 'ShapeError'
  readonly shapes: readonly Shape[]

  constructor(message: string, shapes: readonly Shape[] = []) {
    super(message)
    this.shapes = shapes
  }
}
