import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeFileAtomic } from './atomic-file.ts'
import { FileError } from './file-error.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('writeFileAtomic()', () => {
  it('writeFileAtomic() replaces a file and leaves nothing beside it', async () => {
    const path = join(folder, 'model.bin')
    await writeFile(path, 'old')
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3))
    expect(new Uint8Array(await readFile(path))).toEqual(Uint8Array.of(1, 2, 3))
    expect(await readdir(folder)).toEqual(['model.bin'])
  })

  it('writeFileAtomic() keeps the last of several writes at once, whole', async () => {
    const path = join(folder, 'model.bin')
    await Promise.all([1, 2, 3].map((value) => writeFileAtomic(path, new Uint8Array(1000).fill(value))))
    const content = await readFile(path)
    expect(content.every((byte) => byte === content[0])).toBe(true)
    expect(await readdir(folder)).toEqual(['model.bin'])
  })

  it('writeFileAtomic() fails with the path when the folder is missing', async () => {
    const path = join(folder, 'none', 'model.bin')
    const error = await writeFileAtomic(path, new Uint8Array(1)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FileError)
    expect(error instanceof FileError && [error.message, error.path]).toEqual([
      `Cannot write "${path}": expected a file in a folder that can be written to, got ENOENT`,
      path,
    ])
  })

  it('writeFileAtomic() fails and cleans up when the target is a folder', async () => {
    const path = join(folder, 'model.bin')
    await mkdir(path)
    await expect(writeFileAtomic(path, new Uint8Array(1))).rejects.toThrow(
      `Cannot write "${path}": expected a file in a folder that can be written to, got EISDIR`,
    )
    expect(await readdir(folder)).toEqual(['model.bin'])
  })
})
