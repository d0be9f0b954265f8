import { GraphModule } from '../nn/graph-module.ts'
import { layoutOf } from '../nn/model-layout.ts'
import type { AnyModule } from '../nn/module.ts'
import type { ModuleQuantizerConfig } from './config/module-quantizer-config.ts'
import type { QuantizerConfig } from './config/quantizer-config.ts'
import { moduleConfigs } from './graph/config-entries.ts'
import type { ConfigLevel } from './graph/module-table.ts'

/** The settings that a module gets, and where they were given. */
export interface ResolvedModuleConfig {
  readonly level: ConfigLevel
  readonly config: ModuleQuantizerConfig
}

/**
 * Settings of every module of a model by its path, strongest first: names beat types, types beat the global settings, later names beat earlier
 * ones. What names a module speaks of all below it as well, but for its own inputs, outputs and states.
 * @throws ConfigError for a name that is no regular expression
 */
export function moduleConfigsOf(
  model: AnyModule,
  config: QuantizerConfig,
): ReadonlyMap<string, ResolvedModuleConfig> {
  const layout = (model instanceof GraphModule ? model.layout : undefined) ?? layoutOf(model)
  return new Map(
    Array.from(moduleConfigs(layout, config), ([path, claim]) => [
      path,
      { level: claim.level, config: claim.config },
    ]),
  )
}
