import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LAYERS } from './architecture/layers.ts'
import * as rules from './architecture/rules.ts'
import { parseSource } from './architecture/source-file.ts'

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const GENERATED = 'codec/generated/'

const all = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll(sep, '/'))
  .filter((path) => path.endsWith('.ts'))
  .toSorted()
  .map((path) => parseSource(path, readFileSync(join(SRC, path), 'utf8')))
const written = all.filter(({ path }) => !path.startsWith(GENERATED))
/** Tests may use any layer, as to run what they test. */
const shipped = all.filter(({ path }) => !path.endsWith('.test.ts'))

describe('src/', () => {
  it('has files and imports to check', () => {
    expect(shipped.length).toBeGreaterThan(20)
    expect(shipped.flatMap(({ edges }) => edges).length).toBeGreaterThan(20)
  })

  it('imports only in the direction of the layers', () => {
    expect(rules.checkLayers(shipped, LAYERS)).toEqual([])
  })

  it('imports no test from what is shipped, and no file that does not exist', () => {
    expect(rules.checkTargets(shipped)).toEqual([])
  })

  it('has no import cycles', () => {
    expect(rules.checkCycles(all)).toEqual([])
  })

  it('names its files after what they hold', () => {
    expect(rules.checkNames(all)).toEqual([])
  })

  it('has no file of more than 400 lines', () => {
    expect(rules.checkLengths(written)).toEqual([])
  })

  it('throws no bare Error', () => {
    expect(rules.checkErrors(shipped.filter((file) => written.includes(file)))).toEqual([])
  })

  it('re-exports only in index files', () => {
    expect(rules.checkReExports(written)).toEqual([])
  })
})
