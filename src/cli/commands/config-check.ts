import { ConfigError } from '../../quantization/config-error.ts'
import { readConfigFile } from '../choose-config.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandError, ExitCode } from '../exit-code.ts'

/** What is known of a config file. */
interface CheckResult {
  readonly path: string
  readonly ok: boolean
  readonly message?: string
  readonly entry?: string
  readonly line?: number
  readonly column?: number
}

/** Runs `lowbit config check`: all files are read, also after one that is wrong. */
export async function checkConfigs(paths: readonly string[], { output }: CommandContext): Promise<ExitCode> {
  const results: CheckResult[] = []
  for (const path of paths) results.push(await check(path))
  for (const { path, ok, message = '', line, column } of results) {
    const place = line === undefined ? path : `${path}:${line}:${column}`
    output.print(ok ? `${path}: ${output.style('green', 'ok')}` : `${place}: ${output.style('red', message)}`)
  }
  output.json({ files: results })
  return results.every(({ ok }) => ok) ? ExitCode.ok : ExitCode.failedCheck
}

async function check(path: string): Promise<CheckResult> {
  try {
    await readConfigFile(path)
    return { path, ok: true }
  } catch (error) {
    if (error instanceof ConfigError) {
      const { message, path: entry, position } = error
      return { path, ok: false, message, entry, ...(position ?? {}) }
    }
    if (error instanceof TypeError || error instanceof CommandError)
      return { path, ok: false, message: error.message }
    throw error
  }
}
