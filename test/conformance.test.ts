import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EntryChecker } from '../conformance/case.ts'
import type { Checkers } from '../conformance/checkers.ts'
import { compareExactly } from '../conformance/divergence.ts'
import { findCases } from '../conformance/find-cases.ts'
import { main } from '../conformance/main.ts'
import { parsePending } from '../conformance/pending.ts'
import { type Report, runCases, totalOf } from '../conformance/run-cases.ts'
import { findTarget } from '../conformance/target.ts'

const SUBSET = fileURLToPath(new URL('../conformance/subset', import.meta.url))

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lowbit-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(path: string, content: unknown): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), JSON.stringify(content))
}

/** Two models with a configuration each, and a JSON file with three entries. */
async function putSmallFamilies(): Promise<void> {
  await put('numerics/sums/small.json', {
    cases: [
      { id: 'a', ok: true },
      { id: 'b', ok: false },
    ],
    validation: [{}],
  })
  await put('graph/net/float_outputs.safetensors', 0)
  await put('graph/net/configs/w8/prepared.json', {})
  await put('graph/net/configs/w8/qat.json', {})
  await put('graph/net/configs/w8/finalized.json', { CoreAI: {}, _TORCH: {} })
  await put('graph/net/configs/broken/prepared.json', {})
  await put('graph/other.json', [])
}

const checkOk: EntryChecker = ({ entry }) =>
  entry.ok === true ? undefined : { where: 'ok', expected: 'true', got: String(entry.ok) }
const noCheckers: Checkers = { entries: new Map(), parts: new Map() }
const okCheckers: Checkers = {
  entries: new Map([['numerics/sums', checkOk]]),
  parts: new Map([
    [
      'graph/float',
      () => {
        throw new RangeError('no such op')
      },
    ],
  ]),
}

async function report(dir: string, checkers: Checkers, pending: string): Promise<Report> {
  const target = findTarget(dir)
  return runCases(target === undefined ? [] : findCases(target, checkers), parsePending(pending))
}

function labels(dir: string): string[] | undefined {
  const target = findTarget(dir)
  return (
    target &&
    findCases(target, noCheckers).map(({ family, part, model, config }) =>
      [family, part, model, config ?? '-'].join(' '),
    )
  )
}

/** `while_norm` as a user would write it, with what only a compiler of TypeScript understands. */
const WHILE_NORM = `import { Linear, Module, type Tensor } from 'lowbit'

export class WhileNorm extends Module<[Tensor], Promise<Tensor>> {
  readonly f: Linear = new Linear(4, 4)
  readonly g: Linear = new Linear(4, 4)
  constructor(private readonly limit = 0.5) {
    super()
  }
  override async forward(x: Tensor): Promise<Tensor> {
    for (let i = 0; i < 3 && (await x.abs().amax().item()) > this.limit; i++) x = this.f(x).mul(0.5)
    return this.g(x)
  }
}
`

/** Runs the command as `npm run conformance` does, once the package is built. */
async function runCommand(args: readonly string[]): Promise<{ code: unknown; output: string }> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.build.json') }
  const command = ['--import', import.meta.resolve('tsx'), join(root, 'conformance', 'run.ts'), ...args]
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [code] = await once(child, 'close')
  return { code, output }
}

describe('main()', () => {
  it.each([
    ['numerics', 'numerics/casts: 17 passed, 0 failed, 0 pending'],
    ['config', 'config/loading: 103 passed, 0 failed, 0 pending'],
    ['graph', 'graph/prepare: 44 passed, 0 failed, 0 pending'],
    ['eager', 'eager/prepare: 23 passed, 0 failed, 0 pending'],
  ])(
    'main() passes every case of the subset of %s that the project carries',
    async (family, line) => {
      const lines: string[] = []
      const code = await main([join(SUBSET, family)], (printed) => lines.push(printed))
      expect([code, ...lines.filter((printed) => printed.startsWith('FAILED'))]).toEqual([0])
      expect(lines).toContain(line)
      expect(lines.at(-1)).toMatch(/^[1-9]\d* passed, 0 failed$/)
    },
    5 * 60_000,
  )

  it('main() writes the report as JSON', async () => {
    const path = join(folder, 'report.json')
    expect(await main([`${SUBSET}/numerics/casts/casts.json#pack.float4`, '--json', path], () => {})).toBe(0)
    const counts = { passed: 1, failed: 0, pending: 0 }
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      total: counts,
      families: { 'numerics/casts': counts },
      failures: [],
      passedWhilePending: [],
    })
  })

  it('main() builds models by the functions that the file of --models exports', async () => {
    await put('eager/net/float_outputs.safetensors', 0)
    const path = join(folder, 'models.mjs')
    await writeFile(path, 'export default { net: () => { throw new RangeError("built by net") } }')
    const lines: string[] = []
    expect(await main([folder, '--models', path], (line) => lines.push(line))).toBe(1)
    expect(lines).toContain('FAILED eager/float net: expected no error, got RangeError: built by net (check)')
  })

  it('the command takes models from TypeScript files that lie outside of the project', async () => {
    await cp(join(SUBSET, 'eager', 'while_norm'), join(folder, 'eager', 'halved'), { recursive: true })
    await writeFile(join(folder, 'while-norm.ts'), WHILE_NORM)
    await writeFile(
      join(folder, 'models.ts'),
      "import type { AnyModule } from 'lowbit'\nimport { WhileNorm } from './while-norm.ts'\n" +
        'const models: Record<string, () => AnyModule> = { halved: () => new WhileNorm() }\nexport default models\n',
    )
    const { code, output } = await runCommand([folder, '--models', join(folder, 'models.ts')])
    expect(output).toMatch(/^eager\/prepare: [1-9]\d* passed, 0 failed, 0 pending$/m)
    expect(output).toMatch(/^[1-9]\d* passed, 0 failed\n$/m)
    expect(code).toBe(0)
  })

  it('main() refuses a file of --models without a default export', async () => {
    await put('eager/net/float_outputs.safetensors', 0)
    const path = join(folder, 'models.mjs')
    await writeFile(path, 'export const net = () => {}')
    await expect(main([folder, '--models', path], () => {})).rejects.toThrow(
      new TypeError(
        `Cannot read "${path}": expected a default export, an object from names to functions that build modules, got undefined`,
      ),
    )
  })

  it('main() gives 2 when there is nothing to check', async () => {
    const lines: string[] = []
    expect(await main([join(folder, 'none')], (line) => lines.push(line))).toBe(2)
    expect(await main([folder], (line) => lines.push(line))).toBe(2)
    expect(lines).toEqual([
      `Cannot check "${join(folder, 'none')}": expected a folder of golden data, got none`,
      `Cannot check "${folder}": expected a folder of golden data, got none`,
    ])
  })

  it('main() gives 2 and the usage for wrong arguments', async () => {
    const lines: string[] = []
    expect(await main(['a', 'b'], (line) => lines.push(line))).toBe(2)
    expect(lines).toEqual([
      'Cannot read "arguments": expected at most one DIR, got 2\n' +
        'Usage: conformance [DIR[#ID]] [--models FILE.ts] [--json FILE]',
    ])
    expect(await main(['--verbose'], () => {})).toBe(2)
  })

  it('main() gives 1 and the first divergence when a case fails', async () => {
    const codes = { id: 'x', kind: 'unheard of' }
    await put('numerics/casts/casts.json', { cases: [codes] })
    const lines: string[] = []
    expect(await main([folder], (line) => lines.push(line))).toBe(1)
    expect(lines).toEqual([
      'numerics/casts: 0 passed, 1 failed, 0 pending',
      'FAILED numerics/casts casts/x: expected a kind that is known, got unheard of (kind)',
      '0 passed, 1 failed',
    ])
  })
})

describe('findCases()', () => {
  const sums = ['numerics sums small a', 'numerics sums small b', 'numerics sums small validation[0]']
  const broken = 'graph prepare net broken'
  const w8 = ['prepare', 'qat', 'finalize:_TORCH', 'finalize:CoreAI'].map((part) => `graph ${part} net w8`)
  const net = ['graph float net -', broken, ...w8]

  it.each([
    ['.', [...sums, ...net]],
    ['numerics', sums],
    ['numerics/sums', sums],
    ['numerics/sums/small.json#b', [sums[1]]],
    ['graph', net],
    ['graph/net', net],
    ['graph/net/configs/broken', [broken]],
    ['graph/net/configs/w8', w8],
    ['graph/net/configs/w8/qat.json', [w8[1]]],
    ['graph/net/configs/w8#finalize:CoreAI', [w8[3]]],
    ['graph/none', undefined],
    ['graph/other.json', []],
  ])('findCases() finds the cases of %s', async (dir, expected) => {
    await putSmallFamilies()
    expect(labels(join(folder, dir))).toEqual(expected)
  })
})

describe('runCases()', () => {
  beforeEach(putSmallFamilies)

  it('runCases() counts by family line and reports divergences, errors and missing checkers', async () => {
    const result = await report(
      folder,
      okCheckers,
      '[{ "family": "graph", "config": "w8", "reason": "later" }]',
    )
    expect(Array.from(result.families)).toEqual([
      ['numerics/sums', { passed: 1, failed: 2, pending: 0 }],
      ['graph/float', { passed: 0, failed: 1, pending: 0 }],
      ['graph/prepare', { passed: 0, failed: 1, pending: 1 }],
      ['graph/qat', { passed: 0, failed: 0, pending: 1 }],
      ['graph/finalize:_TORCH', { passed: 0, failed: 0, pending: 1 }],
      ['graph/finalize:CoreAI', { passed: 0, failed: 0, pending: 1 }],
    ])
    expect(totalOf(result)).toEqual({ passed: 1, failed: 4, pending: 4 })
    expect(result.failures.slice(0, 1).concat(result.failures.slice(2))).toEqual([
      { case: 'numerics/sums small/b', where: 'ok', expected: 'true', got: 'false' },
      { case: 'graph/float net', where: 'check', expected: 'no error', got: 'RangeError: no such op' },
      {
        case: 'graph/prepare net/broken',
        where: 'checkers',
        expected: 'a checker for graph/prepare',
        got: 'none',
      },
    ])
  })

  it('runCases() reports pending cases that pass', async () => {
    const pending = '[{ "family": "numerics", "part": "sums", "model": "small", "reason": "later" }]'
    const result = await report(join(folder, 'numerics'), okCheckers, pending)
    expect(totalOf(result)).toEqual({ passed: 0, failed: 0, pending: 3 })
    expect(result.passedWhilePending).toEqual(['numerics/sums small/a'])
  })
})

describe('parsePending()', () => {
  it.each(['[{ "family": "graph" }]', '[{ "family": "graph", "reason": "r", "modle": "x" }]', '[1]'])(
    'parsePending() rejects %s',
    (text) => {
      expect(() => parsePending(text)).toThrow(
        new SyntaxError(
          'Cannot read "pending.json": expected { family, part?, model?, config?, reason }, all strings, ' +
            `got ${JSON.stringify(JSON.parse(text)[0])} (entry 0)`,
        ),
      )
    },
  )

  it('parsePending() rejects what is no list', () => {
    expect(() => parsePending('{}')).toThrow(
      new SyntaxError('Cannot read "pending.json": expected a list, got no list'),
    )
  })
})

describe('compareExactly()', () => {
  it('compareExactly() tells zeros apart and takes any NaN for any other', () => {
    expect(compareExactly('x', [Number.NaN, 0], [Number.NaN, 0])).toBeUndefined()
    expect(compareExactly('x', [1, 0], [1, -0])).toEqual({ where: 'x[1]', expected: '0', got: '-0' })
    expect(compareExactly('x', [1], [1, 2])).toEqual({ where: 'x', expected: '1 elements', got: '2' })
  })
})
