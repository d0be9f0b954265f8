import { setMember } from '../container.ts'
import { type AnyModule, Module } from '../module.ts'

/**
 * Modules under the names '0', '1', ..., for the forward of the module that holds the list.
 *
 * @typeParam M what the modules are
 */
export class ModuleList<M extends AnyModule = Module> extends Module<never, never> implements Iterable<M> {
  constructor(modules: Iterable<M> = []) {
    super()
    for (const module of modules) this.push(module)
  }

  /** Number of modules. */
  override get length(): number {
    return [...this.namedChildren()].length
  }

  /** The module at a place, which counts from the end where it is negative. */
  at(place: number): M | undefined {
    return [...this].at(place)
  }

  /** Adds a module at the end. */
  push(module: M): void {
    setMember(this, String(this.length), module)
  }

  /** The modules, in order. */
  *[Symbol.iterator](): Generator<M> {
    for (const [, child] of this.namedChildren()) yield Object(child)
  }

  /** @throws TypeError: a list has no forward */
  override forward(): never {
    throw new TypeError(
      'Cannot call a "ModuleList": expected the forward of the module that holds it to call its modules',
    )
  }
}
