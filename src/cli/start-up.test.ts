import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseSource } from '../../test/architecture/source-file.ts'

/** Files that are loaded with a file; what it imports when a command runs is not among them. */
function loadedWith(path: string, loaded: Set<string> = new Set()): Set<string> {
  if (loaded.has(path)) return loaded
  loaded.add(path)
  const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8').replaceAll(
    /\bimport\(/g,
    'later(',
  )
  for (const { to, typeOnly } of parseSource(path, text).edges) if (!typeOnly) loadedWith(to, loaded)
  return loaded
}

describe('the command line', () => {
  it('loads no engine, model or quantizer before a command runs, so that --help is there at once', () => {
    const loaded = [...loadedWith('cli/main.ts')]
    expect(loaded).toContain('cli/commands/auto-options.ts')
    expect(loaded.length).toBeLessThan(40)
    expect(loaded.filter((path) => !path.startsWith('cli/')).sort()).toEqual([
      'codec/file-error.ts',
      'codec/format-error.ts',
      'formats/version.ts',
      'quantization/nearest-name.ts',
    ])
  })
})
