import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { declaredExports, exportedNames } from './documentation/exported-names.ts'
import { findInDocComments, findInMarkdown, moduleName, type Snippet } from './documentation/find-snippets.ts'
import { toModule } from './documentation/to-module.ts'
import { typeCheck } from './documentation/type-check.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDER = join(ROOT, '.doctest')

const markdown = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...filesIn('docs', '.md')]
const sources = filesIn('src', '.ts').filter(
  (path) => !path.endsWith('.test.ts') && !path.includes('/generated/'),
)
const snippets = [
  ...markdown.flatMap((path) => findInMarkdown(path, read(path))),
  ...sources.flatMap((path) => findInDocComments(path, read(path))),
]

beforeAll(() => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER)
  const names = exportedNames(ROOT, join(ROOT, 'src/index.ts'))
    .filter(({ isValue }) => isValue)
    .map(({ name }) => name)
  const homes = new Map(
    sources.flatMap((path) => declaredExports(read(path)).map((name) => [name, path] as const)),
  )
  for (const snippet of snippets) {
    const own = snippet.path.endsWith('.ts') ? declaredExports(read(snippet.path)) : []
    writeFileSync(fileOf(snippet), toModule(snippet, { own, package: names, sources: homes }))
  }
})

describe('documentation', () => {
  it('has examples', () => {
    expect(snippets.length).toBeGreaterThan(10)
  })

  it('type-checks', () => {
    expect(typeCheck(ROOT, snippets.map(fileOf))).toEqual([])
  })

  for (const snippet of snippets.filter(({ runs }) => runs)) {
    it(`${snippet.path}:${snippet.line} runs`, async () => {
      await import(fileOf(snippet))
    })
  }
})

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function fileOf(snippet: Snippet): string {
  return join(FOLDER, moduleName(snippet))
}

/** Paths of the files below a folder, relative to the root, with `/`; those of docs/api are made from the others. */
function filesIn(folder: string, extension: string): string[] {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll(sep, '/')}`)
    .filter((path) => path.endsWith(extension) && !path.startsWith('docs/api/'))
    .toSorted()
}
