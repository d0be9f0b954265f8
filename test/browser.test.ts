import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manualSeed, stateDict, writeSafetensors } from 'lowbit'
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { loadDigits } from '../examples/digits/data.ts'
import { digitNetwork } from '../examples/digits/model.ts'
import { buildPage } from './browser/build-page.ts'
import { type DigitsRun, runDigits } from './browser/run-digits.ts'
import { serve } from './browser/serve.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const COUNT = 64
const LIMIT_MS = 240_000

/** Keeps Chromium off the network, which a test has no use for. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

if (!existsSync(CHROMIUM))
  console.warn(`No browser at ${CHROMIUM}: the browser test is skipped. Set CHROMIUM to the path of one`)

test.skipIf(!existsSync(CHROMIUM))(
  'a page gives the same logits and losses as Node',
  { timeout: LIMIT_MS },
  async () => {
    manualSeed(3)
    const weights = writeSafetensors(await stateDict(digitNetwork()))
    const { test: digits } = await loadDigits()
    const images = digits.images.slice(0, COUNT * 784)
    const labels = BigInt64Array.from(digits.labels.subarray(0, COUNT), BigInt)
    const folder = await buildPage()
    writeFileSync(join(folder, 'weights.safetensors'), weights)
    writeFileSync(join(folder, 'images.bin'), new Uint8Array(images.buffer))
    writeFileSync(join(folder, 'labels.bin'), new Uint8Array(labels.buffer))
    const inPage = await runInPage(folder)
    const inNode = await runDigits(weights, images, labels)
    const stopped = ['1/3', '2/3', '3/3', 'AbortError']
    expect(inPage.progressed).toEqual([...stopped, ...stopped])
    for (const part of ['logits', 'losses', 'graphLosses', 'eagerLosses'] as const) {
      expect(inPage[part].length).toBe(inNode[part].length)
      expect(inPage[part].length).toBeGreaterThanOrEqual(3)
      inNode[part].forEach((value, i) => {
        expect(Math.abs((inPage[part][i] ?? Number.NaN) - value)).toBeLessThanOrEqual(
          1e-4 * Math.max(Math.abs(value), 1),
        )
      })
    }
  },
)

async function runInPage(folder: string): Promise<DigitsRun> {
  const server = await serve(folder)
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS })
  try {
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => problems.push(message.text()))
    await page.goto(server.url)
    const run = page.waitForFunction('window.result', undefined, { timeout: LIMIT_MS / 2 })
    const result = await (await run)
      .jsonValue()
      .catch((error) => Promise.reject(new Error(`${error}\n${problems.join('\n')}`)))
    return result as DigitsRun
  } finally {
    await browser.close()
    server.close()
  }
}
