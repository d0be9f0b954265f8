import type { GraphModule } from '../nn/graph-module.ts'
import type { ModuleQuantizerConfig } from '../quantization/config/module-quantizer-config.ts'
import { namePattern } from '../quantization/config/name-pattern.ts'
import { OpQuantizerConfig } from '../quantization/config/op-quantizer-config.ts'
import { QuantizerConfig } from '../quantization/config/quantizer-config.ts'
import { CommandError, ExitCode } from './exit-code.ts'
import { namesOfOtherTypes } from './op-types.ts'
import { planQuantization } from './plan-quantization.ts'

/** What is to stay float. */
export interface Exclusions {
  /** Regular expressions that have to match a whole name of an operation or module. */
  readonly patterns: readonly string[]
  /** Names of operations or modules. */
  readonly names: readonly string[]
  /** Types of operations, lowbit's or ONNX's names, outside of which all stays float; none means that any is fine. */
  readonly types: readonly string[]
}

const SILENT = { warn: () => undefined }

/**
 * Names of the operations that are meant: a name or an expression speaks of an operation, or of a module and all below it.
 * @throws CommandError for an expression or a name that fits nothing
 */
export function findExclusions(
  model: GraphModule,
  config: QuantizerConfig,
  { patterns, names, types }: Exclusions,
): readonly string[] {
  if (patterns.length === 0 && names.length === 0 && types.length === 0) return []
  const { operations } = planQuantization(model, config, SILENT)
  const found = new Set<string>()
  const take = (option: string, wanted: string, matches: (name: string) => boolean): void => {
    const fitting = operations.filter(
      ({ name, module }) => matches(name) || pathsAbove(module).some((path) => matches(path)),
    )
    if (fitting.length === 0) {
      throw new CommandError(
        `Cannot exclude "${wanted}": expected the name of an operation or module (${option}), got one that fits nothing\n` +
          'Hint: lowbit inspect --ops lists the names',
        ExitCode.usage,
      )
    }
    for (const { name } of fitting) found.add(name)
  }
  for (const pattern of patterns) {
    const compiled = namePattern(pattern, '--exclude')
    take('--exclude', pattern, (name) => compiled.matches(name))
  }
  for (const wanted of names)
    take('--nodes-to-exclude', wanted, (name) => name === wanted || name === asModulePath(wanted))
  if (types.length > 0) for (const name of namesOfOtherTypes(operations, types)) found.add(name)
  return [...found]
}

/** A config that leaves some operations as they are, whichever entry would win for them. */
export function excludeOps(config: QuantizerConfig, names: readonly string[]): QuantizerConfig {
  return configureOps(config, names, OpQuantizerConfig.disabled())
}

/** A config that quantizes some operations in a way of their own, whichever entry would win for them. */
export function configureOps(
  config: QuantizerConfig,
  names: readonly string[],
  own: OpQuantizerConfig,
): QuantizerConfig {
  if (names.length === 0) return config
  const entries = names.map((name) => [escapePattern(name), own] as const)
  const withOwn = (module: ModuleQuantizerConfig) =>
    module.with({ opNameConfig: new Map([...module.opNameConfig, ...entries]) })
  const all = (modules: ReadonlyMap<string, ModuleQuantizerConfig>) =>
    new Map(Array.from(modules, ([key, module]) => [key, withOwn(module)]))
  return new QuantizerConfig({
    globalConfig: withOwn(config.globalConfig),
    moduleTypeConfigs: all(config.moduleTypeConfigs),
    moduleNameConfigs: all(config.moduleNameConfigs),
    executionMode: config.executionMode,
    preservedAttributes: config.preservedAttributes,
    kvCacheQuantConfigs: config.kvCacheQuantConfigs,
  })
}

/** A module's path and those of the modules around it, but not of the whole model. */
function pathsAbove(path: string): string[] {
  const parts = path === '' ? [] : path.split('.')
  return parts.map((_, i) => parts.slice(0, i + 1).join('.'))
}

/** A node's name in an ONNX file as a module's path: `/encoder/layer/MatMul` is in `encoder.layer`. */
function asModulePath(name: string): string {
  return name.replace(/^\//, '').replaceAll('/', '.')
}

function escapePattern(name: string): string {
  return name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
