/** Compiles assembly/weight-kernel.ts. The bytes depend on that file and the version of the compiler alone. */
import { readFileSync } from 'node:fs'
import { main } from 'assemblyscript/asc'

const SOURCE: URL = new URL('../assembly/weight-kernel.ts', import.meta.url)
/** Memory comes from the host; there are no objects, so there is nothing that collects them. */
const OPTIONS: readonly string[] = [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert'],
  ...['--runtime', 'stub', '--importMemory', '--enable', 'simd'],
]

/** The kernel as a WebAssembly module. */
export async function compileKernel(): Promise<Uint8Array> {
  const source = readFileSync(SOURCE, 'utf8')
  let compiled: Uint8Array | undefined
  const { error, stderr } = await main(['weight-kernel.ts', '--outFile', 'weight-kernel.wasm', ...OPTIONS], {
    readFile: (name) => (name === 'weight-kernel.ts' ? source : null),
    writeFile: (name, contents) => {
      if (name === 'weight-kernel.wasm' && contents instanceof Uint8Array) compiled = contents
    },
    listFiles: () => [],
  })
  if (error === null && compiled !== undefined) return compiled
  throw new SyntaxError(`Cannot compile "weight-kernel.ts": expected a module, got ${stderr.toString()}`)
}
