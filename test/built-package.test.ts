import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MNIST_PROGRAM } from './cli/run-command.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COMMAND = join(ROOT, 'dist', 'cli', 'main.js')
const run = promisify(execFile)

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-built-'))
  await mkdir(join(folder, 'node_modules'))
  await symlink(ROOT, join(folder, 'node_modules', 'lowbit'), 'junction')
})
afterAll(() => rm(folder, { recursive: true }))

test('the build for Node has one copy of each class', async () => {
  const found: string[] = []
  for (const part of ['cli', 'node'])
    for (const name of await readdir(join(ROOT, 'dist', part), { recursive: true }))
      if (name.endsWith('.js'))
        found.push(...classesIn(await readFile(join(ROOT, 'dist', part, name), 'utf8')))
  for (const name of [
    'src/engine/tensor.ts Tensor',
    'src/engine/runtime.ts Runtime',
    'src/codec/file-error.ts FileError',
  ])
    expect(found).toContain(name)
  expect(found.toSorted()).toEqual([...new Set(found)].toSorted())
})

test('the build for Node keeps the names of classes, which configs, files and messages have', async () => {
  const built: Readonly<Record<string, unknown>> = await import(join(ROOT, 'dist', 'node', 'index.js'))
  const classes = Object.entries(built).flatMap(([name, value]) =>
    typeof value === 'function' && String(value).startsWith('class') ? [[name, value.name]] : [],
  )
  expect(classes.length).toBeGreaterThan(50)
  expect(classes.filter(([name, own]) => name !== own)).toEqual([])
})

/** The bundler says before each part which source it is from. */
function classesIn(text: string): string[] {
  let source = ''
  return text.split('\n').flatMap((line) => {
    source = /^\/\/ (src\/.*)$/.exec(line)?.[1] ?? source
    const name = /^(?:var (\w+) = )?class (\w*)/.exec(line)
    return name === null ? [] : [`${source} ${name[1] ?? name[2]}`]
  })
}

test('the built command takes the tensors of a module that imports lowbit', async () => {
  const data = join(folder, 'batches.mjs')
  const written = join(folder, 'written.onnx')
  await writeFile(data, "import { randn } from 'lowbit'\nexport default [{ input: randn([2, 1, 28, 28]) }]\n")
  await run(process.execPath, [COMMAND, 'quantize', MNIST_PROGRAM, '-d', data, '-o', written, '-q'])
  expect((await readdir(folder)).toSorted()).toEqual(['batches.mjs', 'node_modules', 'written.onnx'])
})

test('the built library runs graphs, and weights on threads, in workers of its own', async () => {
  const script = join(folder, 'script.mjs')
  await writeFile(
    script,
    `import { writeFile } from 'node:fs/promises'
import { ones, quantizeWeights, writeSafetensors } from 'lowbit'
const table = ones([64, 64])
await writeFile('weights.safetensors', writeSafetensors([['table', await table.array()]]))
await quantizeWeights('weights.safetensors', 'weights.onnx', { threads: 2 })
console.log(await table.matmul(table).sum().item())
`,
  )
  const { stdout } = await run(process.execPath, [script], { cwd: folder })
  expect(stdout).toBe('262144\n')
  expect(await readdir(folder)).toContain('weights.onnx.data')
})
