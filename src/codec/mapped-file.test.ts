import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { mapFile } from './mapped-file.ts'

const name: string = 'koffi'
const isInstalled = await import(name).then(
  () => process.platform !== 'win32',
  () => false,
)

function file(bytes: Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'lowbit-')), 'file')
  writeFileSync(path, bytes)
  return path
}

test('mapFile() gives undefined without the package koffi', async () => {
  vi.resetModules()
  vi.doMock(name, () => ({ default: {} }))
  const { mapFile: without } = await import('./mapped-file.ts')
  expect(await without(file(Uint8Array.of(1)))).toBeUndefined()
  vi.doUnmock(name)
})

test.skipIf(!isInstalled)(
  'mapFile() gives the bytes of a file (skipped without the package koffi)',
  async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
    expect(await mapFile(file(bytes))).toEqual(bytes)
  },
)

test.skipIf(!isInstalled)(
  'mapFile() keeps the file as it is (skipped without the package koffi)',
  async () => {
    const path = file(Uint8Array.of(1, 2, 3))
    const mapped = await mapFile(path)
    mapped?.fill(9)
    expect(mapped).toEqual(Uint8Array.of(9, 9, 9))
    expect(readFileSync(path)).toEqual(Buffer.of(1, 2, 3))
  },
)

test.skipIf(!isInstalled)(
  'mapFile() maps nothing of an empty file (skipped without the package koffi)',
  async () => {
    expect(await mapFile(file(new Uint8Array()))).toBeUndefined()
  },
)

test.skipIf(!isInstalled)(
  'mapFile() tells that there is no file (skipped without the package koffi)',
  async () => {
    await expect(mapFile('/nowhere/at/all')).rejects.toThrow('ENOENT')
  },
)
