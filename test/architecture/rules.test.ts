import { describe, expect, it } from 'vitest'
import type { LayerTable } from './layers.ts'
import * as rules from './rules.ts'
import { parseSource, type SourceFile } from './source-file.ts'

const LAYERS: LayerTable = { tensor: [], ir: ['tensor'], nn: ['tensor', 'ir'] }

function project(files: Record<string, string>): SourceFile[] {
  return Object.entries(files).map(([path, text]) => parseSource(path, text))
}

describe('checkLayers()', () => {
  it('accepts imports that point to a lower layer, to the own one, and out of the project', () => {
    const files = project({
      'tensor/shape.ts': `import { join } from 'node:path'`,
      'ir/graph.ts': `import { Shape } from '../tensor/shape.ts'\nimport { Node } from './node.ts'`,
      'index.ts': `export { Module } from './nn/module.ts'`,
    })
    expect(rules.checkLayers(files, LAYERS)).toEqual([])
  })

  it('rejects an import that points to a higher layer', () => {
    const files = project({ 'ir/graph.ts': `\nimport { Module } from '../nn/module.ts'` })
    expect(rules.checkLayers(files, LAYERS)).toEqual([
      'ir/graph.ts:2: ir may import tensor; got nn/module.ts',
    ])
  })

  it.each([
    `import type { Graph } from '../ir/graph.ts'`,
    `export type { Graph } from '../ir/graph.ts'`,
    `export * from '../ir/graph.ts'`,
    `import '../ir/graph.ts'`,
    `const graph = await import('../ir/graph.ts')`,
    `let graph: import('../ir/graph.ts').Graph`,
  ])('rejects also %s', (text) => {
    expect(rules.checkLayers(project({ 'tensor/shape.ts': text }), LAYERS)).toEqual([
      'tensor/shape.ts:1: tensor may import no other layer; got ir/graph.ts',
    ])
  })

  it('rejects an import of the front door', () => {
    const files = project({ 'nn/module.ts': `import { Tensor } from '../index.ts'` })
    expect(rules.checkLayers(files, LAYERS)).toEqual([
      'nn/module.ts:1: nn may import tensor, ir; got index.ts',
    ])
  })

  it('rejects a folder that is no layer', () => {
    expect(rules.checkLayers(project({ 'stuff/thing.ts': '' }), LAYERS)).toEqual([
      'stuff/thing.ts: expected a folder of tensor, ir, nn, got "stuff"',
    ])
  })
})

describe('checkCycles()', () => {
  it('names the files of a cycle', () => {
    const files = project({
      'ir/a.ts': `import { b } from './b.ts'`,
      'ir/b.ts': `export { c } from './c.ts'`,
      'ir/c.ts': `const a = await import('./a.ts')`,
    })
    expect(rules.checkCycles(files)).toEqual(['ir/a.ts -> ir/b.ts -> ir/c.ts -> ir/a.ts'])
  })

  it('counts an import whose every name is a type, because its side effects remain', () => {
    const files = project({
      'ir/a.ts': `import { type B } from './b.ts'`,
      'ir/b.ts': `import { a } from './a.ts'`,
    })
    expect(rules.checkCycles(files)).toEqual(['ir/a.ts -> ir/b.ts -> ir/a.ts'])
  })

  it('passes over imports that the compiler erases', () => {
    const files = project({
      'ir/a.ts': `import type { B } from './b.ts'\nlet c: import('./b.ts').C`,
      'ir/b.ts': `import { a } from './a.ts'`,
    })
    expect(rules.checkCycles(files)).toEqual([])
  })
})

describe('checkTargets()', () => {
  it('rejects a path that is no file', () => {
    const files = project({ 'ir/a.ts': `import { b } from './b'`, 'ir/b.ts': '' })
    expect(rules.checkTargets(files)).toEqual(['ir/a.ts:1: no file ir/b'])
  })
})

describe('checkNames()', () => {
  it('rejects files and folders that are named after nothing', () => {
    const files = project({
      'ir/utils.ts': '',
      'ir/helpers.test.ts': '',
      'nn/common/loss.ts': '',
      'nn/common-subexpression.ts': '',
    })
    expect(rules.checkNames(files).map((line) => line.split(':')[0])).toEqual([
      'ir/utils.ts',
      'ir/helpers.test.ts',
      'nn/common/loss.ts',
    ])
  })
})

describe('checkLengths()', () => {
  it('accepts 400 lines and rejects 401', () => {
    const files = project({ 'ir/a.ts': '//\n'.repeat(400), 'ir/b.ts': '//\n'.repeat(401) })
    expect(rules.checkLengths(files)).toEqual(['ir/b.ts: expected at most 400 lines, got 401'])
  })
})

describe('checkErrors()', () => {
  it('rejects Error with and without new, and nothing else', () => {
    const files = project({
      'ir/a.ts': `throw new Error('a')\nthrow Error('b')\nthrow new RangeError('c')\nclass D extends Error {}\n// new Error(`,
    })
    expect(rules.checkErrors(files)).toEqual([
      'ir/a.ts:1: expected RangeError, TypeError or a class of lowbit, got Error',
      'ir/a.ts:2: expected RangeError, TypeError or a class of lowbit, got Error',
    ])
  })
})

describe('checkReExports()', () => {
  it('accepts the face of a generated file', () => {
    const files = project({ 'ir/format.ts': `export type { A } from './generated/format_pb.ts'` })
    expect(rules.checkReExports(files)).toEqual([])
  })

  it('accepts other re-exports in an index.ts only', () => {
    const files = project({
      'ir/index.ts': `export { a } from './a.ts'`,
      'ir/b.ts': `export const b = 1\nexport { a } from './a.ts'`,
    })
    expect(rules.checkReExports(files)).toEqual(['ir/b.ts:2: only an index.ts may re-export'])
  })
})
