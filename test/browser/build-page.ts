import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Packs the package, installs it into an empty project beside the test's page, and builds the page with Vite. Gives the folder to serve. */
export async function buildPage(): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), 'lowbit-page-'))
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'lowbit'), { recursive: true })
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], { cwd: ROOT })
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? ''
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', join(modules, 'lowbit'), '--strip-components=1'])
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  cpSync(join(ROOT, 'test/browser'), join(project, 'test/browser'), { recursive: true })
  cpSync(join(ROOT, 'examples/digits'), join(project, 'examples/digits'), { recursive: true })
  const outDir = join(project, 'dist')
  await build({
    root: join(project, 'test/browser/page'),
    base: './',
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, target: 'esnext' },
    worker: { format: 'es' },
  })
  return outDir
}
