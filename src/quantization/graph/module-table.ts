import type { LayoutModule } from '../../nn/model-layout.ts'

/** Where a config was given; a name beats a type, and a type beats the global one. */
export type ConfigLevel = 'name' | 'type' | 'global'

/** One entry of a config: which modules it speaks of, and what it says. */
export interface ConfigEntry<C> {
  readonly level: ConfigLevel
  /** Key under which it stands in the config; null for the global one. */
  readonly key: string | null
  matches(module: LayoutModule): boolean
  readonly config: C
}

/** What a module got. */
export interface ModuleClaim<C> {
  readonly path: string
  readonly level: ConfigLevel
  /** Key of the entry; null for the global one. */
  readonly key: string | null
  /** Place in the order in which the modules of one level were claimed; smaller is stronger. */
  readonly rank: number
  readonly config: C
}

/** The config of each module by its first path, in the order in which they were claimed, level by level. */
export type ModuleTable<C> = ReadonlyMap<string, ModuleClaim<C>>

/**
 * Decides which config each module gets. Levels go name, type, global; within a level the entry declared last comes first, and for each entry the modules are
 * walked children before parents. A module that is matched takes the config, and so do all below it that have none yet, without what speaks of the
 * module's own boundary.
 *
 * @param entries in order of declaration
 * @param inherit what modules below a matched one get
 */
export function claimModules<C>(
  modules: readonly LayoutModule[],
  entries: readonly ConfigEntry<C>[],
  inherit: (config: C) => C,
): ModuleTable<C> {
  const table = new Map<string, ModuleClaim<C>>()
  const children = childrenOf(modules)
  const ranks = { name: 0, type: 0, global: 0 }
  const claim = (module: LayoutModule, entry: ConfigEntry<C>, config: C, inherited: C): void => {
    const [path] = module.paths
    if (table.has(path)) return
    const { level, key } = entry
    table.set(path, { path, level, key, rank: ranks[level]++, config })
    for (const child of children.get(module) ?? []) claim(child, entry, inherited, inherited)
  }
  for (const level of ['name', 'type', 'global'] as const) {
    for (const entry of entries.filter((candidate) => candidate.level === level).reverse()) {
      const inherited = inherit(entry.config)
      for (const module of modules.toReversed())
        if (entry.matches(module)) claim(module, entry, entry.config, inherited)
    }
  }
  return table
}

/** The modules right below each module, whichever name they have there. */
function childrenOf(modules: readonly LayoutModule[]): Map<LayoutModule, LayoutModule[]> {
  const byPath = new Map(modules.flatMap((module) => module.paths.map((path) => [path, module] as const)))
  const children = new Map<LayoutModule, Set<LayoutModule>>()
  for (const module of modules) {
    for (const path of module.paths) {
      const parent = path === '' ? undefined : byPath.get(path.slice(0, Math.max(path.lastIndexOf('.'), 0)))
      if (parent === undefined) continue
      const list = children.get(parent)
      if (list === undefined) children.set(parent, new Set([module]))
      else list.add(module)
    }
  }
  return new Map([...children].map(([parent, list]) => [parent, [...list]]))
}
