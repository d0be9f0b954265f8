import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openFileSource, openSource } from './byte-source.ts'

const folder = await mkdtemp(join(tmpdir(), 'lowbit-source-'))
const path = join(folder, 'bytes')
afterAll(() => rm(folder, { recursive: true }))

test('openSource() gives the same ranges of a file, a Blob and bytes', async () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)
  await writeFile(path, bytes)
  for (const from of [path, new Blob([bytes]), bytes]) {
    const source = await openSource(from)
    const target = new Uint8Array(3)
    await source.readInto(7, target)
    expect([source.sizeBytes, [...(await source.read(2, 4))], [...target]]).toEqual([
      10,
      [2, 3, 4, 5],
      [7, 8, 9],
    ])
    await expect(source.read(8, 3)).rejects.toThrow(
      `Cannot read "${source.name}": expected a range within 10 bytes, got [8, 11)`,
    )
    await source.close()
  }
})

test('openFileSource() reads while the thread waits, and says where a file that was cut ends', async () => {
  await writeFile(
    path,
    Uint8Array.from({ length: 10 }, (_, i) => i),
  )
  const source = await openFileSource(path)
  const target = new Uint8Array(4)
  source.readIntoNow(3, target)
  expect([...target]).toEqual([3, 4, 5, 6])
  await truncate(path, 5)
  const message = `Cannot read "${path}": expected a file, got the end at byte 5`
  expect(() => source.readIntoNow(3, target)).toThrow(message)
  await expect(source.readInto(3, target)).rejects.toThrow(message)
  await source.close()
})

test('openFileSource() refuses a folder and a path where nothing is', async () => {
  const missing = join(folder, 'missing')
  await expect(openFileSource(folder)).rejects.toThrow(
    `Cannot read "${folder}": expected a file, got a folder`,
  )
  await expect(openFileSource(missing)).rejects.toThrow(
    `Cannot read "${missing}": expected a file, got ENOENT`,
  )
})
