import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { removeLeftovers, writeFileAtomic } from './atomic-file.ts'
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
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3), { overwrite: true })
    expect(new Uint8Array(await readFile(path))).toEqual(Uint8Array.of(1, 2, 3))
    expect(await readdir(folder)).toEqual(['model.bin'])
  })

  it('writeFileAtomic() keeps the last of several writes at once, whole', async () => {
    const path = join(folder, 'model.bin')
    const overwrite = true
    await Promise.all(
      [1, 2, 3].map((value) => writeFileAtomic(path, new Uint8Array(1000).fill(value), { overwrite })),
    )
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
    await expect(writeFileAtomic(path, new Uint8Array(1), { overwrite: true })).rejects.toThrow(
      `Cannot write "${path}": expected a file in a folder that can be written to, got EISDIR`,
    )
    await expect(writeFileAtomic(path, new Uint8Array(1))).rejects.toThrow(
      `Cannot write "${path}": expected no file of that name, got a folder`,
    )
    expect(await readdir(folder)).toEqual(['model.bin'])
  })

  it('writeFileAtomic() overwrites nothing unless it is asked to', async () => {
    const path = join(folder, 'model.bin')
    await writeFileAtomic(path, Uint8Array.of(1))
    await expect(writeFileAtomic(path, Uint8Array.of(2))).rejects.toThrow(
      new FileError(
        `Cannot write "${path}": expected no file of that name, got one\nHint: { overwrite: true } replaces a file`,
        path,
      ),
    )
    expect(new Uint8Array(await readFile(path))).toEqual(Uint8Array.of(1))
  })

  it('writeFileAtomic() lets one of several writers of a new file win, and tells the others', async () => {
    const path = join(folder, 'model.bin')
    const writes = await Promise.allSettled(
      [1, 2, 3].map((value) => writeFileAtomic(path, new Uint8Array(1000).fill(value))),
    )
    expect(writes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await readdir(folder)).toEqual(['model.bin'])
  })

  it('writeFileAtomic() keeps the old file when the content fails half way', async () => {
    const path = join(folder, 'model.bin')
    await writeFile(path, 'old')
    async function* content() {
      yield new Uint8Array(100_000)
      throw new RangeError('no more')
    }
    await expect(writeFileAtomic(path, content(), { overwrite: true })).rejects.toThrow(
      new RangeError('no more'),
    )
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['model.bin'])
  })

  // A limit on the size of files fails a write half way, as a full disk does.
  it.skipIf(process.platform === 'win32')(
    'writeFileAtomic() keeps the old file when the disk takes no more',
    { timeout: 60_000 },
    async () => {
      const path = join(folder, 'model.bin')
      await writeFile(path, 'old')
      const script = join(folder, 'write.mts')
      const source = JSON.stringify(new URL('./atomic-file.ts', import.meta.url).href)
      await writeFile(
        script,
        `import { writeFileAtomic } from ${source}
        await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(1 << 22), { overwrite: true }).catch(
          (error) => console.log(error.message),
        )`,
      )
      const command = `ulimit -f 2048 && exec "${process.execPath}" --import "${import.meta.resolve('tsx')}" "${script}"`
      const { stdout } = await promisify(execFile)('sh', ['-c', command])
      expect(stdout.trim()).toBe(
        `Cannot write "${path}": expected a file in a folder that can be written to, got EFBIG`,
      )
      await rm(script)
      expect(await readFile(path, 'utf8')).toBe('old')
      expect(await readdir(folder)).toEqual(['model.bin'])
    },
  )
})

describe('removeLeftovers()', () => {
  it('removeLeftovers() removes what a kill left of a file, and nothing else', async () => {
    const id = '2ba78196-a9cf-40bb-91af-27e6104eb86f'
    const kept = ['a.yaml', 'a.yaml.tmp', `b.yaml.${id}.tmp`, `a.yaml.${id}`]
    for (const name of [...kept, `a.yaml.${id}.tmp`]) await writeFile(join(folder, name), '')
    await removeLeftovers(join(folder, 'a.yaml'))
    expect((await readdir(folder)).sort()).toEqual(kept.sort())
    await removeLeftovers(join(folder, 'absent', 'a.yaml'))
  })
})
