import { type FileHandle, open, readFile } from 'node:fs/promises'
import { refuseExisting } from '../../codec/atomic-file.ts'
import { FileError } from '../../codec/file-error.ts'
import { CommandError } from '../exit-code.ts'

/** What the results in a journal depend on, by name: those of a model or of data that have changed since are of no use. */
export type JournalKey = Readonly<Record<string, string>>

/** What is in a journal when it is opened. */
export interface JournalOptions {
  /** Whether to go on with the journal that is there. */
  readonly resume: boolean
  /** Whether to begin anew where one is there. */
  readonly force: boolean
}

/**
 * Results that a process has come to so far, in a file that another process can go on from. Lines of JSON are only ever added, each on the disk before the next
 * step begins; a line that a kill cut short is the last one, and is dropped.
 */
export class Journal {
  readonly #file: FileHandle
  readonly #results: Map<string, unknown>

  private constructor(file: FileHandle, results: Map<string, unknown>) {
    this.#file = file
    this.#results = results
  }

  /**
   * Opens the journal at a path.
   * @throws FileError when there is one and it is not asked for; CommandError when it is another model's, or no journal
   */
  static async open(path: string, key: JournalKey, { resume, force }: JournalOptions): Promise<Journal> {
    const text = resume ? await readIfThere(path) : undefined
    if (text === undefined || !text.includes('\n')) {
      if (!resume && !force) await refuseJournal(path)
      const file = await open(path, 'w').catch((cause: NodeJS.ErrnoException) => {
        throw new FileError(
          `Cannot begin "${path}": expected a file in a folder that can be written to, got ${cause.code}`,
          path,
          { cause },
        )
      })
      const journal = new Journal(file, new Map())
      await journal.#write({ journal: 1, key })
      return journal
    }
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    const [head = '', ...lines] = whole.trimEnd().split('\n')
    checkHead(path, head, key)
    const results = new Map(lines.map((line, i) => readLine(path, line, i + 2)))
    const file = await open(path, 'r+')
    await file.truncate(Buffer.byteLength(whole))
    return new Journal(await reopen(file, path), results)
  }

  /** Whether there is a result under a name. */
  has(name: string): boolean {
    return this.#results.has(name)
  }

  /** How many results there are. */
  get size(): number {
    return this.#results.size
  }

  /** The result under a name, or what `make` comes to, which is then on the disk. */
  async resultOf(name: string, make: () => Promise<unknown>): Promise<unknown> {
    if (this.#results.has(name)) return this.#results.get(name)
    const result = await make()
    await this.#write({ name, result })
    this.#results.set(name, result)
    return result
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #write(entry: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#file.writeFile(`${JSON.stringify(entry)}\n`)
    await this.#file.sync()
  }
}

async function reopen(file: FileHandle, path: string): Promise<FileHandle> {
  await file.sync()
  await file.close()
  return open(path, 'a')
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw new FileError(`Cannot read "${path}": expected a journal, got ${cause.code}`, path, { cause })
  })
}

async function refuseJournal(path: string): Promise<void> {
  await refuseExisting(path).catch((cause) => {
    throw new FileError(
      `Cannot begin "${path}": expected no journal of an earlier search, got one\n` +
        'Hint: --resume goes on with it, --force begins anew',
      path,
      { cause },
    )
  })
}

function checkHead(path: string, line: string, key: JournalKey): void {
  const head = parse(path, line, 1)
  const found: unknown = isRecord(head) && head.journal === 1 ? head.key : undefined
  if (!isRecord(found)) throw notJournal(path, 1)
  const changed = Object.keys(key).filter((name) => found[name] !== key[name])
  if (changed.length > 0)
    throw new CommandError(
      `Cannot go on with "${path}": expected the same ${Object.keys(key).join(', ')} as before, got another ${changed.join(', ')}\n` +
        'Hint: --force without --resume begins anew',
    )
}

function readLine(path: string, line: string, number: number): readonly [string, unknown] {
  const entry = parse(path, line, number)
  if (isRecord(entry) && typeof entry.name === 'string') return [entry.name, entry.result]
  throw notJournal(path, number)
}

function parse(path: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw notJournal(path, number)
  }
}

function notJournal(path: string, line: number): CommandError {
  return new CommandError(
    `Cannot read "${path}": expected a journal of lowbit auto, got another line (line ${line})\n` +
      'Hint: --force without --resume begins anew',
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
