import type { Scope } from '../ir/scope.ts'
import type { AnyModule } from './module.ts'

/** The scope of a module's call. Its path is looked up only when somebody wants to read it. */
export class ModuleScope implements Scope {
  readonly module: AnyModule
  readonly parent: ModuleScope | undefined
  readonly #root: AnyModule

  constructor(module: AnyModule, parent: ModuleScope | undefined) {
    this.module = module
    this.parent = parent
    this.#root = parent?.root ?? module
  }

  /** The module whose call is outermost. */
  get root(): AnyModule {
    return this.#root
  }

  get path(): string {
    for (const [path, module] of this.#root.namedModules()) if (module === this.module) return path
    return '?'
  }

  get className(): string {
    return this.module.constructor.name
  }
}
