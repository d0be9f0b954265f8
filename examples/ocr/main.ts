// The main job: `lowbit quantize` makes a recogniser of text lines small, with pictures to calibrate it, and its files read other pictures.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Table from 'cli-table3'
import { OCR_FILES } from './ocr-files.ts'
import { charactersRead } from './read-characters.ts'
import { type Reading, readPictures, sqnr } from './read-pictures.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LINES = 'examples/ocr/lines'
const OUT = 'out/ocr'
/** How the recogniser takes pictures: 48 pixels high, levels from -1 to 1. */
const PICTURES = ['--resize', '48x*', '--mean', '0.5', '--std', '0.5', '--batch-size', '4']

/** Runs a command line of lowbit, as it is shown. */
async function lowbit(...argv: readonly string[]): Promise<void> {
  console.log(`\n$ npx lowbit ${argv.join(' ')}`)
  const child = spawn(process.execPath, ['dist/cli/main.js', ...argv], { cwd: ROOT, stdio: 'inherit' })
  const [code] = await once(child, 'close')
  if (code !== 0) process.exit(code ?? 1)
}

process.chdir(ROOT)
await mkdir(OUT, { recursive: true })
const model = OCR_FILES.recogniser.slice(ROOT.length)
await lowbit('quantize', model, '--preset', 'w8', '-o', `${OUT}/w8.onnx`, '--force')
await lowbit('quantize', model, '--preset', 'w4-block', '-o', `${OUT}/w4-block.onnx`, '--force')
await lowbit(
  ...['quantize', model, '--preset', 'w8a8', '--calibration', `${LINES}/calibration`, ...PICTURES],
  ...['-o', `${OUT}/w8a8.onnx`, '--force', '--report', `${OUT}/report`],
)

const texts: Record<string, string> = JSON.parse(await readFile(`${LINES}/texts.json`, 'utf8'))
const names = Object.keys(texts)
const paths = names.map((name) => join(LINES, 'test', name))
const files = {
  float: model,
  w8: `${OUT}/w8.onnx`,
  'w4-block': `${OUT}/w4-block.onnx`,
  w8a8: `${OUT}/w8a8.onnx`,
}
const table = new Table({
  style: { head: [], border: [] },
  head: ['', 'MB', 'agreement', 'characters read', `what stands on ${names[0]}`],
  colAligns: ['left', 'right', 'right', 'right', 'left'],
})
let float: readonly Reading[] | undefined
for (const [name, path] of Object.entries(files)) {
  const readings = await readPictures(path, paths)
  float ??= readings
  const read = readings.map(({ text }) => text)
  table.push([
    name,
    ((await stat(path)).size / 1e6).toFixed(2),
    float === readings ? '' : `${sqnr(float, readings).toFixed(1)} dB`,
    `${(100 * charactersRead(Object.values(texts), read)).toFixed(2)}%`,
    read[0] ?? '',
  ])
}
console.log(`\n${names.length} other pictures, read by ONNX Runtime:\n${table.toString()}`)
console.log(`Written: ${OUT}; look at ${OUT}/report/report.html`)
