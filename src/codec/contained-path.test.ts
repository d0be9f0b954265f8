import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { containedPath } from './contained-path.ts'
import { FileError } from './file-error.ts'

const folder = mkdtempSync(join(tmpdir(), 'lowbit-'))

describe('containedPath()', () => {
  it('containedPath() gives the path of a file in the folder, whether it is there or not', async () => {
    mkdirSync(join(folder, 'there'))
    writeFileSync(join(folder, 'there', 'a.bin'), '')
    expect(await containedPath(folder, 'there/a.bin')).toBe(join(folder, 'there', 'a.bin'))
    expect(await containedPath(folder, 'new/..b..bin')).toBe(join(folder, 'new', '..b..bin'))
  })

  test.each([
    ['', 'an empty one'],
    ['/etc/passwd', 'an absolute one'],
    ['../a.bin', 'one that goes up'],
    ['a/../../b.bin', 'one that goes up'],
    ['a/..', 'one that goes up'],
    ['a//b.bin', 'one with an empty part'],
    ['./a.bin', 'one with an empty part'],
    ['..\\a.bin', 'one with a backslash'],
    ['\\\\server\\share', 'one with a backslash'],
    ['C:/a.bin', 'one with a drive'],
    ['c:a.bin', 'one with a drive'],
    ['a.bin\0.txt', 'one with NUL'],
  ])('containedPath() refuses %j', async (location, got) => {
    await expect(containedPath(folder, location)).rejects.toThrow(
      new FileError(
        `Cannot use the path "${location.replaceAll('\0', '\\0')}": expected a relative path inside "${folder}", got ${got}`,
        location,
      ),
    )
  })

  it.skipIf(process.platform === 'win32')(
    'containedPath() passes no symbolic link, also none that points nowhere',
    async () => {
      symlinkSync(tmpdir(), join(folder, 'out'))
      symlinkSync('/nowhere/at/all', join(folder, 'gone.bin'))
      await expect(containedPath(folder, 'out/a.bin')).rejects.toThrow(
        `got a symbolic link at "${join(folder, 'out')}"`,
      )
      await expect(containedPath(folder, 'gone.bin')).rejects.toThrow(
        `got a symbolic link at "${join(folder, 'gone.bin')}"`,
      )
    },
  )
})
