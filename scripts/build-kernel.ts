/** `npm run build:kernel`: compiles assembly/weight-kernel.ts, and writes it as text that every bundler and every page takes. */
import { writeFileSync } from 'node:fs'
import { compileKernel } from './compile-kernel.ts'

const base64 = Buffer.from(await compileKernel()).toString('base64')
const lines = base64.match(/.{1,100}/g)?.map((line) => `  '${line}',`) ?? []
const target = new URL('../src/quantization/weights/weight-kernel-bytes.ts', import.meta.url)
writeFileSync(
  target,
  `/** assembly/weight-kernel.ts as a WebAssembly module: \`npm run build:kernel\` writes it, and a test holds it. */
export const KERNEL_BASE64: string = [
${lines.join('\n')}
].join('')
`,
)
