import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildZip, joined, numbers, type ZipEndFields, type ZipPart } from '../../test/zip-builder.ts'
import { openSource } from './byte-source.ts'
import { FormatError } from './format-error.ts'
import { ZipArchive } from './zip-archive.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const sound: readonly ZipPart[] = [
  { name: 'm/a.json', content: '{"a": 1}' },
  { name: 'm/b.bin', content: 'b'.repeat(100), deflated: true },
]

async function readAll(bytes: Uint8Array): Promise<Map<string, string>> {
  const zip = await ZipArchive.open(await openSource(bytes))
  const contents = new Map<string, string>()
  for (const name of zip.names) contents.set(name, text(await zip.read(name)))
  return contents
}

describe('ZipArchive', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lowbit-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('ZipArchive reads stored and deflated entries, from bytes, a blob and a file', async () => {
    const zip = buildZip(sound, { comment: 'made by a test' })
    const path = join(folder, 'a.zip')
    await writeFile(path, zip)
    for (const from of [zip, new Blob([zip]), path]) {
      const source = await openSource(from)
      const archive = await ZipArchive.open(source)
      expect(archive.names).toEqual(['m/a.json', 'm/b.bin'])
      expect(archive.sizeOf('m/b.bin')).toBe(100)
      expect(archive.sizeOf('m/c.bin')).toBeUndefined()
      expect(text(await archive.read('m/a.json'))).toBe('{"a": 1}')
      expect(text(await archive.read('m/b.bin'))).toBe('b'.repeat(100))
      await source.close()
    }
  })

  it('ZipArchive reads zip64, and sizes from the extra field', async () => {
    const wide = { compressedBytes: 0xffffffff, sizeBytes: 0xffffffff }
    const extra = joined([numbers([2, 0x4246], [2, 2], [2, 0]), numbers([2, 1], [2, 16], [8, 5], [8, 5])])
    const part = { name: 'm/wide', content: 'hello', ...wide, extra, local: wide }
    expect(await readAll(buildZip([part], { zip64: true }))).toEqual(new Map([['m/wide', 'hello']]))
  })

  it('ZipArchive takes sizes from the directory where the local header leaves them to a descriptor', async () => {
    const local = { crc: 0, sizeBytes: 0, compressedBytes: 0 }
    expect(
      await readAll(buildZip([{ ...sound[1], name: 'm/b', content: 'later', flags: 8, local }])),
    ).toEqual(new Map([['m/b', 'later']]))
  })

  it('ZipArchive never fails otherwise than with a FormatError, whatever byte is damaged', async () => {
    const zip = buildZip(sound)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(zip.byteLength - 1),
        fc.nat(255),
        fc.nat(zip.byteLength),
        async (at, byte, size) => {
          const damaged = zip.slice(0, size)
          damaged[at] = byte
          await readAll(damaged).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError))
        },
      ),
      { numRuns: 500 },
    )
  })

  const one = (part: Partial<ZipPart>, end?: ZipEndFields) =>
    buildZip([{ name: 'm/a', content: 'hello', ...part }], end)
  const bomb = new Uint8Array(2 ** 27)
  it.each<[string, Uint8Array, string]>([
    [
      'an empty file',
      new Uint8Array(),
      '"end of the directory": expected its record at the end of the file, got none (byte 0)',
    ],
    [
      'no zip',
      new Uint8Array(100),
      '"end of the directory": expected its record at the end of the file, got none (byte 100)',
    ],
    [
      'a truncated file',
      buildZip(sound).slice(0, -10),
      'expected its record at the end of the file, got none',
    ],
    [
      'bytes behind the end',
      joined([buildZip(sound), numbers([1, 0])]),
      'expected its record at the end of the file, got none',
    ],
    ['a file that lacks its start', buildZip(sound).slice(20), '"directory": expected to end at byte'],
    [
      'a split archive',
      one({}, { disk: 1 }),
      '"end of the directory": expected an archive in one file, got one that is split (byte 87)',
    ],
    [
      'a directory outside',
      one({}, { directoryOffset: 5000 }),
      '"directory": expected to end at byte 87, where its end record begins, got 49 bytes from byte 5000 (byte 87)',
    ],
    [
      'a directory that is too long',
      one({}, { directoryBytes: 5000 }),
      'got 5000 bytes from byte 38 (byte 87)',
    ],
    [
      'more entries than there are',
      one({}, { entryCount: 2 }),
      '"directory": expected room for 2 entries, got 49 bytes (byte 38)',
    ],
    [
      'fewer entries than there are',
      one({}, { entryCount: 0 }),
      '"directory": expected 0 entries, got 49 more bytes (byte 38)',
    ],
    ['65535 entries', one({}, { entryCount: 65535 }), 'expected room for 65535 entries, got 49 bytes'],
    [
      '2^53 entries',
      one({}, { zip64: { entryCount: 2 ** 53 } }),
      '"64-bit number": expected at most 9007199254740991, got 9007199254740992',
    ],
    [
      'a zip64 record that is nowhere',
      one({}, { zip64: { locatorOffset: 2 ** 40 } }),
      '"zip64 locator": expected a record before byte 143, got one at byte 1099511627776',
    ],
    [
      'a zip64 record that is none',
      one({}, { zip64: { locatorOffset: 0 } }),
      '"zip64 end record": expected its signature, got 0x04034b50 (byte 0)',
    ],
    [
      'an encrypted entry',
      one({ flags: 1 }),
      '"m/a": expected an entry that is not encrypted, got flags 0x00000001 (byte 46)',
    ],
    ['a strongly encrypted entry', one({ flags: 0x41 }), '"m/a": expected an entry that is not encrypted'],
    [
      'another compression',
      one({ method: 12 }),
      '"m/a": expected an entry that is stored or deflated, got compression method 12 (byte 48)',
    ],
    [
      'a name twice',
      buildZip([...sound, { name: 'm/a.json', content: '' }]),
      '"m/a.json": expected every name once, got it again',
    ],
    [
      'a path upwards',
      one({ name: 'm/../../etc/passwd' }),
      '"m/../../etc/passwd": expected a relative path without ".", "..", empty parts, "\\", drive or NUL, got this name',
    ],
    ['an absolute path', one({ name: '/etc/passwd' }), '"/etc/passwd": expected a relative path'],
    ['a path with backslashes', one({ name: 'm\\..\\a' }), 'expected a relative path'],
    ['a path with a drive', one({ name: 'C:/a' }), '"C:/a": expected a relative path'],
    ['a path with a NUL', one({ name: 'm/a\0.txt' }), 'expected a relative path'],
    ['an empty name', one({ name: '' }), '"": expected a relative path'],
    ['a stored entry of two sizes', one({ sizeBytes: 9 }), '"m/a": expected 9 stored bytes, got 5 (byte 58)'],
    [
      'data longer than the file',
      one({ sizeBytes: 9000, compressedBytes: 9000 }),
      '"m/a": expected an entry that ends at byte 38 or before, got one up to byte 9030 at least (byte 38)',
    ],
    [
      'an entry that begins outside',
      one({ headerOffset: 2 ** 31 }),
      '"m/a": expected an entry that ends at byte 38 or before',
    ],
    [
      'entries that overlap',
      buildZip([
        { name: 'm/a', content: 'hello' },
        { name: 'm/b', content: 'hello', headerOffset: 3 },
      ]),
      '"m/a": expected an entry that ends at byte 3 or before',
    ],
    [
      'a local header elsewhere',
      one({ headerOffset: 1 }),
      '"m/a": expected a local header\'s signature, got 0x1404034b (byte 1)',
    ],
    [
      'no local header',
      one({ signature: 0 }),
      '"m/a": expected a local header\'s signature, got 0x00000000 (byte 0)',
    ],
    [
      'another name in the local header',
      one({ local: { name: 'm/b' } }),
      '"m/a": expected the same name in its local header, got m/b (byte 30)',
    ],
    [
      'a longer name in the local header',
      one({ local: { name: 'm/abcdef' } }),
      '"m/a": expected the same name in its local header, got m/abcdef',
    ],
    [
      'another method in the local header',
      one({ local: { method: 8 } }),
      '"m/a": expected compression method 0 in its local header, got 8 (byte 8)',
    ],
    [
      'other flags in the local header',
      one({ local: { flags: 8 } }),
      '"m/a": expected flags 0x00000000 in its local header, got 0x00000008 (byte 6)',
    ],
    [
      'another size in the local header',
      one({ local: { sizeBytes: 4 } }),
      '"m/a": expected the size 5 in its local header, got 4 (byte 22)',
    ],
    ['another checksum in the local header', one({ local: { crc: 4 } }), '"m/a": expected the checksum'],
    [
      'another checksum',
      one({ crc: 1 }),
      '"m/a": expected data with the checksum 0x00000001, got 0x3610a686 (byte 33)',
    ],
    [
      'a damaged stream',
      one({ method: 8 }),
      '"m/a": expected 5 bytes once inflated, got a damaged stream (byte 33)',
    ],
    [
      'more than was declared',
      one({ content: 'b'.repeat(900), deflated: true, sizeBytes: 9 }),
      '"m/a": expected 9 bytes once inflated, got at least 900 (byte 33)',
    ],
    [
      'less than was declared',
      one({ content: 'b'.repeat(900), deflated: true, sizeBytes: 901 }),
      '"m/a": expected 901 bytes once inflated, got 900 (byte 33)',
    ],
    [
      'a size that deflate cannot reach',
      one({ deflated: true, sizeBytes: 0xfffffffe }),
      '"m/a": expected at most 7224 bytes out of 7 deflated ones, got 4294967294',
    ],
    [
      'a bomb',
      one({ content: bomb, deflated: true }),
      '"m/a": expected at most 67108864 bytes once inflated, got 134217728',
    ],
    [
      'a size that overflows',
      one({ sizeBytes: 0xffffffff, extra: numbers([2, 1], [2, 8], [8, 2 ** 60]) }),
      '"64-bit number": expected at most 9007199254740991, got 1152921504606846976',
    ],
    [
      'zip64 sizes that are missing',
      one({ sizeBytes: 0xffffffff }),
      '"m/a": expected a zip64 extra field with its sizes, got one that is too short (byte 38)',
    ],
  ])('ZipArchive rejects %s', async (_, bytes, message) => {
    const error = await readAll(bytes).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FormatError)
    expect(String(error)).toContain(message)
  })
})
