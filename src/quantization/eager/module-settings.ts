import { layoutOf } from '../../nn/model-layout.ts'
import type { AnyModule } from '../../nn/module.ts'
import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { namePattern } from '../config/name-pattern.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import type { StateSpecs, TensorSpecs } from '../config/tensor-specs.ts'
import { moduleConfigs } from '../graph/config-entries.ts'
import type { OpSpecs } from '../graph/winners.ts'
import type { QuantizationSpec } from '../spec/quantization-spec.ts'

/** Order of the levels on which a module's settings are given. */
const LEVELS = ['name', 'type', 'global'] as const

const NO_SPECS: OpSpecs = { opInputSpec: new Map(), opOutputSpec: new Map(), opStateSpec: new Map() }

/** The settings that one module gets. */
export interface ModuleSettings {
  readonly path: string
  readonly config: ModuleQuantizerConfig
  /** Place among all modules, 0 is the strongest. */
  readonly priority: number
}

/** Which settings each module of a model gets, by path. */
export class SettingsTable {
  readonly #settings = new Map<string, ModuleSettings>()

  constructor(model: AnyModule, config: QuantizerConfig) {
    const claims = [...moduleConfigs(layoutOf(model), config).values()]
    const ordered = LEVELS.flatMap((level) => claims.filter((claim) => claim.level === level))
    ordered.forEach((claim, priority) => {
      this.#settings.set(claim.path, { path: claim.path, config: claim.config, priority })
    })
  }

  /** Settings of a module by its first path. */
  at(path: string): ModuleSettings | undefined {
    return this.#settings.get(path)
  }

  /** Whether a module or one that it is part of says something about its own boundary or states: then every function counts. */
  hasBoundarySpecs(path: string): boolean {
    for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf('.'), 0))) {
      const config = this.at(at)?.config
      if (config !== undefined && boundarySpecs(config).some((specs) => specs.size > 0)) return true
      if (at === '') return false
    }
  }

  /** Whether any tensor that is no state may be quantized. */
  get quantizesActivations(): boolean {
    return [...this.#settings.values()].some(({ config }) =>
      [
        config,
        ...config.opTypeConfig.values(),
        ...config.opNameConfig.values(),
        { opInputSpec: config.moduleInputSpec, opOutputSpec: config.moduleOutputSpec },
      ].some(({ opInputSpec, opOutputSpec }) => isActive(opInputSpec) || isActive(opOutputSpec)),
    )
  }

  /** Specs for an operation: by its name, by its type, or those of its module. */
  opSpecs(path: string, name: string, type: string | null): OpSpecs {
    const config = this.at(path)?.config
    if (type === null || config === undefined) return NO_SPECS
    const byName = [...config.opNameConfig].findLast(([pattern]) =>
      namePattern(pattern, 'op_name_config').matches(name),
    )
    return byName?.[1] ?? config.opTypeConfig.get(type) ?? config
  }
}

function boundarySpecs(config: ModuleQuantizerConfig): (TensorSpecs | StateSpecs)[] {
  return [config.moduleInputSpec, config.moduleOutputSpec, config.moduleStateSpec]
}

function isActive(specs: ReadonlyMap<unknown, QuantizationSpec | null>): boolean {
  return [...specs.values()].some((spec) => spec !== null)
}
