import { writeFileAtomic } from '../../codec/atomic-file.ts'
import type { CommandContext } from '../command-context.ts'
import { commentedConfig } from '../commented-config.ts'
import { ExitCode } from '../exit-code.ts'
import type { InitOptions } from './config-options.ts'

/** Runs `lowbit config init`. */
export async function initConfig(
  path: string,
  { preset = 'w8a8', force = false }: InitOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const text = commentedConfig(preset)
  if (path === '-') {
    output.print(text.trimEnd())
    output.json({ preset, content: text })
    return ExitCode.ok
  }
  await writeFileAtomic(path, new TextEncoder().encode(text), { overwrite: force })
  output.print(`wrote ${path}`)
  output.json({ path, preset })
  return ExitCode.ok
}
