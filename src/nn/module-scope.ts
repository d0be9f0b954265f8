import type { Scope } from '../ir/scope.ts'
import type { AnyModule } from './module.ts'

/** Where modules were found last, by the module whose call is outermost. */
const found = new WeakMap<AnyModule, ReadonlyMap<AnyModule, string>>()

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

  /** A module that is no member of the model, made in a forward, counts to the one that calls it. */
  get path(): string {
    const known = found.get(this.#root)?.get(this.module)
    if (known !== undefined && leadsTo(this.#root, known, this.module)) return known
    const paths = new Map(Array.from(this.#root.namedModules(), ([path, module]) => [module, path]))
    found.set(this.#root, paths)
    return paths.get(this.module) ?? this.parent?.path ?? '?'
  }

  get className(): string {
    return this.module.constructor.name
  }
}

/** Whether the module is still a property at that path. */
function leadsTo(root: AnyModule, path: string, module: AnyModule): boolean {
  let at: unknown = root
  for (const name of path === '' ? [] : path.split('.')) {
    at = typeof at === 'function' ? Object.getOwnPropertyDescriptor(at, name)?.value : undefined
  }
  return at === module
}
