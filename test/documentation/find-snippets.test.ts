import { describe, expect, it } from 'vitest'
import { findInDocComments, findInMarkdown, moduleName } from './find-snippets.ts'

describe('findInMarkdown()', () => {
  it('gives the ts fences with their lines, and no other fences', () => {
    const text = 'Text\n```ts\na()\nb()\n```\n```sh\nnpm test\n```\n```\nplain\n```\n```ts no-run\nc()\n```\n'
    expect(findInMarkdown('README.md', text)).toEqual([
      { path: 'README.md', line: 3, code: 'a()\nb()', runs: true },
      { path: 'README.md', line: 13, code: 'c()', runs: false },
    ])
  })

  it('rejects a fence that is not closed', () => {
    expect(() => findInMarkdown('README.md', 'a\n```ts\nb()')).toThrow(
      new SyntaxError('Cannot read "README.md": expected the fence of line 2 to be closed'),
    )
  })
})

describe('findInDocComments()', () => {
  it('gives an example without a fence up to the next tag, with its indentation', () => {
    const text = '\n/**\n * Adds.\n *\n * @example\n * if (x) {\n *   add(1)\n * }\n * @throws never\n */\n'
    expect(findInDocComments('src/add.ts', text)).toEqual([
      { path: 'src/add.ts', line: 6, code: 'if (x) {\n  add(1)\n}', runs: true },
    ])
  })

  it('gives the ts fences of an example that has fences', () => {
    const text = '/**\n * @example Adding\n * This adds:\n * ```ts no-run\n * add(1)\n * ```\n */'
    expect(findInDocComments('src/add.ts', text)).toEqual([
      { path: 'src/add.ts', line: 5, code: 'add(1)', runs: false },
    ])
  })

  it('gives every example of a comment, and of an indented comment', () => {
    const text = '  /**\n   * @param a one\n   * @example\n   * one()\n   * @example\n   * two()\n   */'
    expect(findInDocComments('src/add.ts', text).map(({ line, code }) => [line, code])).toEqual([
      [4, 'one()'],
      [6, 'two()'],
    ])
  })

  it('passes over fences outside of examples', () => {
    expect(findInDocComments('src/add.ts', '/**\n * ```ts\n * add(1)\n * ```\n */')).toEqual([])
  })
})

describe('moduleName()', () => {
  it('puts path and line into one word', () => {
    expect(moduleName({ path: 'src/ir/add.ts', line: 6, code: '', runs: true })).toBe('src.ir.add.ts-6.ts')
  })
})
