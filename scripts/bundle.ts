/**
 * Part of `npm run build`: what Node loads, in few files instead of hundreds, as it reads, resolves and links each one by itself. The library, the command and
 * the worker threads share chunks, so that there is one copy of each class. Bundlers of pages read the modules that tsc wrote, of which they take what is used.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** Of many small modules, of which each would be loaded by itself. */
const BUNDLED = '@bufbuild/protobuf'

const { dependencies, peerDependencies } = JSON.parse(await readFile('package.json', 'utf8'))

/** Keeps what the licences of bundled files ask for: the comment that each begins with. */
const keepLicences: Plugin = {
  name: 'keep-licences',
  setup({ onLoad }) {
    onLoad({ filter: new RegExp(`node_modules/${BUNDLED}/.*\\.js$`) }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      return {
        contents: text.replace(/^(\/\/.*\n)+/, (notice) => `/*!\n${notice.replace(/^\/\/ ?/gm, ' ')}*/\n`),
      }
    })
  },
}

/**
 * Classes that mention themselves under their own names again: the bundler makes `var Tensor = class _Tensor` of them, and configs, files and messages name classes.
 * Its option for that wraps each function as well, wherever one is made.
 */
function withOwnNames(text: string): string {
  const names = Array.from(text.matchAll(/^var (\w+) = class _\1\b/gm), ([, name = '']) => name)
  if (names.length === 0) return text
  return text.replace(new RegExp(`\\b_(${names.join('|')})\\b`, 'g'), '$1')
}

const { outputFiles } = await build({
  // A thread's entry is found beside the file that starts it.
  entryPoints: [
    { in: 'src/index.ts', out: 'node/index' },
    { in: 'src/cli/main.ts', out: 'cli/main' },
    { in: 'src/engine/node-channel.ts', out: 'node/engine/node-channel' },
    { in: 'src/engine/node-worker.ts', out: 'node/engine/node-worker' },
    { in: 'src/formats/weights/weight-threads.ts', out: 'node/formats/weights/weight-threads' },
    { in: 'src/formats/weights/node-weight-worker.ts', out: 'node/formats/weights/node-weight-worker' },
  ],
  outdir: 'dist',
  chunkNames: 'node/chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  external: Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== BUNDLED),
  plugins: [keepLicences],
  logLevel: 'warning',
  write: false,
})
for (const { path, contents, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, path.endsWith('.js') ? withOwnNames(text) : contents)
}
