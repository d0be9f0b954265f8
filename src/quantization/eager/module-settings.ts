import { layoutOf } from '../../nn/model-layout.ts'
import type { AnyModule } from '../../nn/module.ts'
import type { ModuleQuantizerConfig } from '../config/module-quantizer-config.ts'
import { namePattern } from '../config/name-pattern.ts'
import type { QuantizerConfig } from '../config/quantizer-config.ts'
import type { StateSpecs, TensorSpecs } from '../config/tensor-specs.ts'
import { moduleConfigs } from '../graph/config-entries.ts'
import type { ConfigLevel } from '../graph/module-table.ts'
import type { OpLevel, OpSpecs } from '../graph/winners.ts'
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
  readonly level: ConfigLevel
  /** Key under which the settings stand, null for the global ones. */
  readonly key: string | null
}

/** The specs of an operation, with where they stand in the settings of its module. */
export interface OpEntry {
  readonly specs: OpSpecs
  readonly opLevel: OpLevel
  /** Undefined for the module's own specs. */
  readonly opKey: string | undefined
}

/** Which settings each module of a model gets, by path. */
export class SettingsTable {
  readonly #settings = new Map<string, ModuleSettings>()

  constructor(model: AnyModule, config: QuantizerConfig) {
    const claims = [...moduleConfigs(layoutOf(model), config).values()]
    const ordered = LEVELS.flatMap((level) => claims.filter((claim) => claim.level === level))
    ordered.forEach(({ path, config, level, key }, priority) => {
      this.#settings.set(path, { path, config, priority, level, key })
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
    return (type === null ? undefined : this.opEntry(path, name, type))?.specs ?? NO_SPECS
  }

  /** Specs for an operation that settings of operations reach, undefined in a module without settings. */
  opEntry(path: string, name: string, type: string): OpEntry | undefined {
    const config = this.at(path)?.config
    if (config === undefined) return undefined
    const byName = [...config.opNameConfig].findLast(([pattern]) =>
      namePattern(pattern, 'op_name_config').matches(name),
    )
    if (byName !== undefined) return { specs: byName[1], opLevel: 'op_name', opKey: byName[0] }
    const byType = config.opTypeConfig.get(type)
    if (byType !== undefined) return { specs: byType, opLevel: 'op_type', opKey: type }
    return { specs: config, opLevel: 'default', opKey: undefined }
  }
}

function boundarySpecs(config: ModuleQuantizerConfig): (TensorSpecs | StateSpecs)[] {
  return [config.moduleInputSpec, config.moduleOutputSpec, config.moduleStateSpec]
}

function isActive(specs: ReadonlyMap<unknown, QuantizationSpec | null>): boolean {
  return [...specs.values()].some((spec) => spec !== null)
}
