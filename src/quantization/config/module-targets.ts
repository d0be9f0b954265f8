import type { ModuleClass } from '../../nn/module.ts'
import { readModuleType } from './module-types.ts'
import { namePattern } from './name-pattern.ts'

/** A module or several: a class of modules, or a regular expression for the whole of a name. */
export type ModuleTarget = ModuleClass | string

/**
 * The modules that targets name; a list counts as its entries.
 * @throws TypeError for what is neither a class of modules nor a string; ConfigError for a string that is no regular expression
 */
export function readTargets(
  targets: readonly unknown[],
): { readonly isType: boolean; readonly key: string }[] {
  return targets.flat().map((target) => {
    if (typeof target === 'string') {
      namePattern(target, 'targets')
      return { isType: false, key: target }
    }
    return { isType: true, key: readModuleType(target, 'targets') }
  })
}
