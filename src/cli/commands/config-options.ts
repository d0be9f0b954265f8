import type { Command } from 'commander'
import { type Perform, withOutputOptions } from '../command-context.ts'
import { addConfigOptions, type ConfigOptions } from '../config-options.ts'

/** Options of `lowbit config init`. */
export interface InitOptions {
  readonly preset?: string
  readonly force?: boolean
}

/** Options of `lowbit config explain`. */
export interface ExplainOptions extends ConfigOptions {
  /** Regular expression for operations or modules. */
  readonly layer?: string
}

const INIT_EXAMPLE = `
Examples:
  $ lowbit config init                    # lowbit.yaml, with w8a8
  $ lowbit config init w4.yaml -p w4-block
  $ lowbit config init -                  # to stdout`
const CHECK_EXAMPLE = `
Example:
  $ lowbit config check lowbit.yaml       # exit code 1 and the line of what is wrong`
const EXPLAIN_EXAMPLE = `
Examples:
  $ lowbit config explain model.onnx -c lowbit.yaml
  $ lowbit config explain model.onnx -c lowbit.yaml --layer 'encoder\\..*'`

/** Adds `lowbit config init`, `check` and `explain`. */
export function addConfigCommand(program: Command, perform: Perform): void {
  const config = program.command('config').description('Writes, checks and explains config files.')
  addInit(config, perform)
  addCheck(config, perform)
  addExplain(config, perform)
}

function addInit(config: Command, perform: Perform): void {
  const init = config
    .command('init')
    .description('Writes a commented config: one preset in use, the others beside it.')
    .argument('[file]', 'where to; - is stdout', 'lowbit.yaml')
    .option('-p, --preset <name>', 'the preset in use', 'w8a8')
    .option('-f, --force', 'replace a file that is there')
    .addHelpText('after', INIT_EXAMPLE)
  withOutputOptions(init).action((path: string, options: InitOptions) =>
    perform(init, async (context) => {
      const { initConfig } = await import('./config-init.ts')
      return initConfig(path, options, context)
    }),
  )
}

function addCheck(config: Command, perform: Perform): void {
  const check = config
    .command('check')
    .description('Reads configs as quantize does, and tells the line of what is wrong.')
    .argument('<files...>', 'YAML or JSON')
    .addHelpText('after', CHECK_EXAMPLE)
  withOutputOptions(check).action((paths: readonly string[]) =>
    perform(check, async (context) => {
      const { checkConfigs } = await import('./config-check.ts')
      return checkConfigs(paths, context)
    }),
  )
}

function addExplain(config: Command, perform: Perform): void {
  const explain = config
    .command('explain')
    .description('Tells which entry of a config wins for each operation of a model, and what that gives.')
    .argument('<model>', 'an .onnx model, or a .pt2 program of torch.export')
    .option('-l, --layer <regex>', 'only operations and modules whose whole name matches')
    .addHelpText('after', EXPLAIN_EXAMPLE)
  addConfigOptions(explain)
  withOutputOptions(explain).action((path: string, options: ExplainOptions) =>
    perform(explain, async (context) => {
      const { explainConfig } = await import('./config-explain.ts')
      return explainConfig(path, options, context)
    }),
  )
}
