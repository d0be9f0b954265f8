import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { writeFileAtomic } from '../src/codec/index.ts'
import { checkers } from './checkers.ts'
import { findCases } from './find-cases.ts'
import { isObject } from './parse-object.ts'
import { parsePending } from './pending.ts'
import { type Report, runCases, totalOf } from './run-cases.ts'
import { findTarget } from './target.ts'

const DEFAULT_DIR = fileURLToPath(new URL('../../shared/fixtures', import.meta.url))
const USAGE = 'Usage: conformance [DIR[#ID]] [--models FILE.ts] [--json FILE]'
const PENDING_FILE = new URL('pending.json', import.meta.url)

/**
 * Runs the command `conformance [DIR] [--models FILE.ts] [--json FILE]` and prints its report line by line.
 *
 * @returns the exit code: 0 when nothing failed and no pending case passed, 1 otherwise, 2 when there is nothing to check or the arguments are wrong
 */
export async function main(args: readonly string[], print: (line: string) => void): Promise<0 | 1 | 2> {
  const parsed = parse(args)
  if (typeof parsed === 'string') {
    print(`${parsed}\n${USAGE}`)
    return 2
  }
  const { values, positionals } = parsed
  const dir = positionals[0] ?? DEFAULT_DIR
  const target = findTarget(dir)
  const cases = target === undefined ? [] : findCases(target, checkers, await importModels(values.models))
  if (cases.length === 0) {
    print(`Cannot check "${dir}": expected a folder of golden data, got none`)
    return 2
  }
  const report = await runCases(cases, parsePending(readFileSync(PENDING_FILE, 'utf8')))
  for (const line of reportLines(report)) print(line)
  if (values.json !== undefined) await writeFileAtomic(resolve(values.json), jsonReport(report))
  return report.failures.length + report.passedWhilePending.length === 0 ? 0 : 1
}

interface Arguments {
  readonly values: { readonly models?: string; readonly json?: string }
  readonly positionals: readonly string[]
}

/** The arguments, or what is wrong with them. */
function parse(args: readonly string[]): Arguments | string {
  const options = { models: { type: 'string' }, json: { type: 'string' } } as const
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true })
    const { length } = parsed.positionals
    return length <= 1 ? parsed : `Cannot read "arguments": expected at most one DIR, got ${length}`
  } catch (error) {
    return String(error)
  }
}

/** What the file of `--models` exports by default: functions that build modules, by the names of their folders. */
async function importModels(file: string | undefined): Promise<ReadonlyMap<string, unknown>> {
  if (file === undefined) return new Map()
  const { default: models }: { default?: unknown } = await import(pathToFileURL(resolve(file)).href)
  if (isObject(models)) return new Map(Object.entries(models))
  throw new TypeError(
    `Cannot read "${file}": expected a default export, an object from names to functions that build modules, got ${typeof models}`,
  )
}

/** What is printed: families, failures, pending cases that pass, and as the last line the total. */
function reportLines(report: Report): string[] {
  const total = totalOf(report)
  return [
    ...Array.from(
      report.families,
      ([name, { passed, failed, pending }]) =>
        `${name}: ${passed} passed, ${failed} failed, ${pending} pending`,
    ),
    ...report.failures.map(
      (failure) =>
        `FAILED ${failure.case}: expected ${failure.expected}, got ${failure.got} (${failure.where})`,
    ),
    ...report.passedWhilePending.map(
      (label) => `PENDING BUT PASSED ${label}: remove it from conformance/pending.json`,
    ),
    `${total.passed} passed, ${total.failed} failed`,
  ]
}

function jsonReport(report: Report): Uint8Array {
  const { families, failures, passedWhilePending } = report
  const document = {
    total: totalOf(report),
    families: Object.fromEntries(families),
    failures,
    passedWhilePending,
  }
  return new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`)
}
