import { describe, expect, it } from 'vitest'
import { type Scope, toModule } from './to-module.ts'

const SCOPE: Scope = {
  own: ['add', 'sub'],
  package: ['Tensor', 'add'],
  sources: new Map([['pack', 'src/ir/pack.ts']]),
}

/** The module's lines, less the import of expectEqual and the export that makes it a module. */
function linesOf(code: string, path = 'src/ir/add.ts'): string[] {
  const [header = '', ...body] = toModule({ path, line: 1, code, runs: true }, SCOPE).split('\n')
  const imports = header.split('; ').slice(0, -1)
  return [...imports, ...body.slice(0, -2)]
}

describe('toModule()', () => {
  it('checks the value of an expression', () => {
    expect(linesOf('f(1) // => [2]')).toEqual(['; expectEqual(f(1), [2])'])
  })

  it('checks the value of a declared name after its declaration', () => {
    expect(linesOf('const y = f(1) // => 2\nconst z = 3')).toEqual([
      'const y = f(1); expectEqual(y, 2)',
      'const z = 3',
    ])
  })

  it('checks an awaited value over several lines', () => {
    expect(linesOf('await g({\n  a: 1,\n}) // => 2')).toEqual([
      '; expectEqual(await g({',
      '  a: 1,',
      '}), 2)',
    ])
  })

  it('rejects an expectation that stands behind no value', () => {
    expect(() => linesOf('for (const x of y) {} // => 2')).toThrow(
      new SyntaxError(
        'Cannot check "src/ir/add.ts": expected "// => value" behind an expression or a declaration of one name, got it elsewhere (line 1 and after)',
      ),
    )
  })

  it('imports what is used and not declared: from the own file, the package, or else another source', () => {
    expect(linesOf('const sub = new Tensor(add(1)) // => pack(sub)')).toEqual([
      `import { Tensor } from 'lowbit'`,
      `import { add } from '../src/ir/add.ts'`,
      `import { pack } from '../src/ir/pack.ts'`,
      'const sub = new Tensor(add(1)); expectEqual(sub, pack(sub))',
    ])
  })

  it('imports nothing for a page: its readers see the whole code', () => {
    expect(linesOf('add(1)', 'README.md')).toEqual(['add(1)'])
  })

  it('turns relative imports towards the snippet', () => {
    expect(linesOf(`import { add } from '../ops/add.ts'`)).toEqual([
      `import { add } from '../src/ops/add.ts'`,
    ])
  })
})
