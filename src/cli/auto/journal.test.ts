import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Journal } from './journal.ts'

const KEY = { model: 'abc', data: 'def' }
const GO_ON = { resume: true, force: false }

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-journal-'))
  path = join(folder, 'journal')
})
afterEach(() => rm(folder, { recursive: true }))

/** A journal with two results. */
async function filled(): Promise<void> {
  const journal = await Journal.open(path, KEY, { resume: false, force: false })
  await journal.resultOf('one', async () => 1)
  await journal.resultOf('two', async () => ({ score: 0.1 + 0.2, name: 'zwölf' }))
  await journal.close()
}

const never = async () => expect.unreachable('it is in the journal')

describe('Journal', () => {
  it('gives back what another process came to, to the last bit', async () => {
    await filled()
    const journal = await Journal.open(path, KEY, GO_ON)
    expect([journal.size, journal.has('two'), journal.has('three')]).toEqual([2, true, false])
    expect(await journal.resultOf('one', never)).toBe(1)
    expect(await journal.resultOf('two', never)).toEqual({ score: 0.1 + 0.2, name: 'zwölf' })
    await journal.close()
  })

  it('only ever adds lines', async () => {
    await filled()
    const before = await readFile(path, 'utf8')
    const journal = await Journal.open(path, KEY, GO_ON)
    await journal.resultOf('three', async () => null)
    await journal.close()
    expect(await readFile(path, 'utf8')).toBe(`${before}{"name":"three","result":null}\n`)
  })

  it('goes on from every place where a kill can have cut it', async () => {
    await filled()
    const whole = await readFile(path)
    for (let length = 0; length <= whole.byteLength; length++) {
      await writeFile(path, whole.subarray(0, length))
      const journal = await Journal.open(path, KEY, GO_ON)
      await journal.resultOf('one', async () => 1)
      await journal.resultOf('two', async () => ({ score: 0.1 + 0.2, name: 'zwölf' }))
      await journal.close()
      expect(await readFile(path)).toEqual(whole)
    }
  })

  it('begins where there is none, and keeps nothing of what failed', async () => {
    const journal = await Journal.open(path, KEY, GO_ON)
    await expect(journal.resultOf('one', () => Promise.reject(new RangeError('no')))).rejects.toThrow('no')
    expect(journal.size).toBe(0)
    await journal.close()
  })

  it('begins over an earlier one only with force', async () => {
    await filled()
    await expect(Journal.open(path, KEY, { resume: false, force: false })).rejects.toThrow(
      `Cannot begin "${path}": expected no journal of an earlier search, got one\n` +
        'Hint: --resume goes on with it, --force begins anew',
    )
    const journal = await Journal.open(path, KEY, { resume: false, force: true })
    expect(journal.size).toBe(0)
    await journal.close()
  })

  it('refuses to go on with results of another model', async () => {
    await filled()
    await expect(Journal.open(path, { ...KEY, model: 'other' }, GO_ON)).rejects.toThrow(
      `Cannot go on with "${path}": expected the same model, data as before, got another model\n` +
        'Hint: --force without --resume begins anew',
    )
  })

  it.each([
    ['another file', 'hello\n', 1],
    ['JSON of another kind', '[]\n', 1],
    ['a head without a key', '{"journal":1}\n', 1],
  ])('refuses %s', async (_, text, line) => {
    await writeFile(path, text)
    await expect(Journal.open(path, KEY, GO_ON)).rejects.toThrow(
      `Cannot read "${path}": expected a journal of lowbit auto, got another line (line ${line})\n` +
        'Hint: --force without --resume begins anew',
    )
  })

  it('refuses a line in its middle that is none of its own', async () => {
    await filled()
    await appendFile(path, '{"name":5}\n{"name":"six","result":6}\n')
    await expect(Journal.open(path, KEY, GO_ON)).rejects.toThrow('got another line (line 4)')
  })
})
