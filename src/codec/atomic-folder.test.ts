import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AtomicFolder, writeFolderAtomic } from './atomic-folder.ts'
import { FileError } from './file-error.ts'

let parent = ''
let path = ''
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'lowbit-'))
  path = join(parent, 'model')
})
afterEach(() => rm(parent, { recursive: true }))

describe('AtomicFolder', () => {
  it('AtomicFolder is there only after commit(), with all that was written', async () => {
    const folder = await AtomicFolder.create(path)
    await folder.write('a.bin', Uint8Array.of(1))
    await folder.write('deep/er/b.bin', [Uint8Array.of(2), Uint8Array.of(3)])
    expect(await readdir(parent)).not.toContain('model')
    await folder.commit()
    expect(await readdir(parent)).toEqual(['model'])
    expect(await readFile(join(path, 'deep/er/b.bin'))).toEqual(Buffer.of(2, 3))
  })

  it('AtomicFolder takes the place of an empty folder', async () => {
    await mkdir(path)
    const folder = await AtomicFolder.create(`${path}/`)
    await folder.write('a.bin', Uint8Array.of(1))
    await folder.commit()
    expect(await readdir(path)).toEqual(['a.bin'])
  })

  it('AtomicFolder replaces a folder with content only where asked', async () => {
    await mkdir(path)
    await writeFile(join(path, 'old.bin'), '')
    await expect(AtomicFolder.create(path)).rejects.toThrow(
      new FileError(
        `Cannot write "${path}": expected no folder of that name or an empty one, got 1 entries\n` +
          'Hint: { overwrite: true } replaces a folder',
        path,
      ),
    )
    const folder = await AtomicFolder.create(path, { overwrite: true })
    await folder.write('new.bin', Uint8Array.of(1))
    await folder.commit()
    expect(await readdir(path)).toEqual(['new.bin'])
    expect(await readdir(parent)).toEqual(['model'])
  })

  it('AtomicFolder.commit() refuses a folder that came in between, and leaves nothing', async () => {
    const folder = await AtomicFolder.create(path)
    await folder.write('a.bin', Uint8Array.of(1))
    await mkdir(path)
    await writeFile(join(path, 'other.bin'), '')
    await expect(folder.commit()).rejects.toThrow(FileError)
    expect(await readdir(parent)).toEqual(['model'])
    expect(await readdir(path)).toEqual(['other.bin'])
  })

  it('AtomicFolder.write() refuses paths that leave the folder', async () => {
    const folder = await AtomicFolder.create(path)
    for (const location of ['../a.bin', '/a.bin', 'C:a.bin', 'a\0'])
      await expect(folder.write(location, new Uint8Array())).rejects.toThrow(FileError)
    await folder.discard()
    expect(await readdir(parent)).toEqual([])
  })

  it('AtomicFolder.create() fails where a file has the name', async () => {
    await writeFile(path, '')
    await expect(AtomicFolder.create(path)).rejects.toThrow(
      `Cannot write "${path}": expected a file in a folder that can be written to, got ENOTDIR`,
    )
  })

  it.skipIf(process.platform === 'win32')('AtomicFolder follows a link to an empty folder', async () => {
    await mkdir(join(parent, 'real'))
    await symlink(join(parent, 'real'), path)
    const folder = await AtomicFolder.create(path)
    await folder.write('a.bin', Uint8Array.of(1))
    await folder.commit()
    expect(await readdir(join(parent, 'real'))).toEqual(['a.bin'])
  })
})

describe('writeFolderAtomic()', () => {
  it('writeFolderAtomic() writes all files, or none when one fails', async () => {
    await writeFolderAtomic(path, { 'a.bin': Uint8Array.of(1), 'b/c.bin': [Uint8Array.of(2)] })
    expect((await readdir(path)).sort()).toEqual(['a.bin', 'b'])
    const other = join(parent, 'other')
    await expect(
      writeFolderAtomic(other, { 'a.bin': Uint8Array.of(1), '../b.bin': Uint8Array.of(2) }),
    ).rejects.toThrow(FileError)
    expect(await readdir(parent)).toEqual(['model'])
  })
})
