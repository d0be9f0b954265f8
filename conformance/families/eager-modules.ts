import { type AnyModule, FakeQuantize } from 'lowbit'
import type { Divergence } from '../divergence.ts'
import { compareDicts } from './recorded-dicts.ts'

/** Prefix of the class that the reference makes for a module whose states are computed; the class stays what it was here. */
const PARAMETRIZED = 'Parametrized'
/** Classes of the reference, and what stands in their places here. */
const CLASSES: Readonly<Record<string, string>> = {
  _DefaultFakeQuantizeImpl: 'FakeQuantize',
  ModuleDict: 'Container',
}

/** Compares the names and classes of all modules; what is inside of fake quantizers does not count. */
export function compareModuleTree(
  where: string,
  recorded: readonly (readonly [name: string, type: string])[],
  model: AnyModule,
): Divergence | undefined {
  const modules = [...model.namedModules({ aliases: true })]
  const inner = modules.flatMap(([path, module]) => (module instanceof FakeQuantize ? [`${path}.`] : []))
  const isOutside = (path: string) => !inner.some((prefix) => path.startsWith(prefix))
  const expected = recorded.filter(([path]) => isOutside(path)).map(([path, type]) => [path, ownClass(type)])
  const got = modules
    .filter(([path]) => isOutside(path))
    .map(([path, module]) => [path, module.constructor.name])
  return compareDicts(where, expected, got)
}

function ownClass(type: string): string {
  const known = CLASSES[type]
  if (known !== undefined) return known
  return type.startsWith(PARAMETRIZED) ? type.slice(PARAMETRIZED.length) : type
}
