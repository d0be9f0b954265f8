import type { ModelLayout } from '../../nn/model-layout.ts'
import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { isModuleType, moduleTypeName } from '../config/module-types.ts'
import { namePattern } from '../config/name-pattern.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import { type ConfigEntry, claimModules, type ModuleTable } from './module-table.ts'

/** Which settings each module of a model gets. */
export function moduleConfigs(
  { modules }: ModelLayout,
  config: QuantizerConfig,
): ModuleTable<ModuleQuantizerConfig> {
  return claimModules(modules, entriesOf(config), (settings) =>
    settings.with({ moduleInputSpec: {}, moduleOutputSpec: {}, moduleStateSpec: {} }),
  )
}

function entriesOf({
  moduleNameConfigs,
  moduleTypeConfigs,
  globalConfig,
}: QuantizerConfig): ConfigEntry<ModuleQuantizerConfig>[] {
  const byName = Array.from(moduleNameConfigs, ([source, config]): ConfigEntry<ModuleQuantizerConfig> => {
    const pattern = namePattern(source, 'module_name_configs')
    return {
      level: 'name',
      key: source,
      config,
      matches: ({ paths }) => paths.some((path) => pattern.matches(path)),
    }
  })
  const byType = Array.from(
    moduleTypeConfigs,
    ([type, config]): ConfigEntry<ModuleQuantizerConfig> => ({
      level: 'type',
      key: type,
      config,
      matches: ({ className }) => isModuleType(type, moduleTypeName(className)),
    }),
  )
  return [...byName, ...byType, { level: 'global', key: null, config: globalConfig, matches: () => true }]
}
