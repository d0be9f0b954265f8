import { describe, expect, it } from 'vitest'
import { JsonView } from './json-view.ts'
import { findAliases, layoutOfProgram, ModuleStacks, modulePaths, normalizePath } from './module-stack.ts'

const view = (value: unknown) => JsonView.parse(new TextEncoder().encode(JSON.stringify(value)), 'test')
const [a, b, c] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]

describe('normalizePath()', () => {
  it.each([
    ['', ''],
    ['layers.0.relu@1', 'layers.0.relu'],
    ["L['self']", ''],
    ["L['self'].blocks[0].fc", 'blocks.0.fc'],
    ["L['self']._modules['x'].y", 'x.y'],
  ])('normalizePath() reads %j as %j', (path, expected) => {
    expect(normalizePath(path)).toBe(expected)
  })
})

describe('modulePaths()', () => {
  it('modulePaths() lists modules in order, with those between', () => {
    const calls = [{ fqn: '' }, { fqn: 'a.0.b' }, { fqn: 'c' }]
    expect(modulePaths(view({ module_call_graph: calls }))).toEqual(['', 'a', 'a.0', 'a.0.b', 'c'])
  })
})

describe('findAliases()', () => {
  const states = [
    { path: 'x.weight', tensor: a },
    { path: 'x.bias', tensor: b },
    { path: 'y.weight', tensor: a },
    { path: 'y.bias', tensor: b },
    { path: 'z.weight', tensor: a },
    { path: 'z.bias', tensor: c },
  ]

  it('findAliases() takes modules of the same states for one', () => {
    expect(findAliases(['', 'x', 'y', 'z'], states, new Map())).toEqual(new Map([['y', 'x']]))
  })

  it('findAliases() keeps modules of different classes apart', () => {
    const tied = [
      { path: 'wte.weight', tensor: a },
      { path: 'head.weight', tensor: a },
    ]
    const classes = new Map([
      ['wte', 'Embedding'],
      ['head', 'Linear'],
    ])
    expect(findAliases(['', 'wte', 'head'], tied, classes)).toEqual(new Map())
  })

  it('findAliases() keeps a module and its only child apart', () => {
    const nested = [{ path: 'x.inner.weight', tensor: a }]
    expect(findAliases(['', 'x', 'x.inner'], nested, new Map())).toEqual(new Map())
  })
})

describe('ModuleStacks', () => {
  const node = (stack: string) => ({ metadata: { nn_module_stack: stack } })
  const graph = view({
    nodes: [node('L__self__,,Net;L__self__y,y,Linear'), node('L__self__,,Net;L__self__y@1,y,Linear'), {}],
  })
  const stacks = new ModuleStacks(graph)

  it('ModuleStacks gives nodes the modules that they come from, under their first names', () => {
    const [first, second, third] = graph.field('nodes').items()
    const aliases = new Map([['y', 'x']])
    const scope = first && stacks.scopeOf(first, aliases)
    expect(scope).toEqual({
      path: 'x',
      className: 'Linear',
      parent: { path: '', className: 'Net', parent: undefined },
    })
    expect(second && stacks.scopeOf(second, aliases)).toEqual(scope)
    expect(third && stacks.scopeOf(third, aliases)).toBeUndefined()
  })

  it('layoutOfProgram() names classes where nodes tell them, and holders of numbered modules', () => {
    const paths = ['', 'x', 'y', 'list', 'list.0']
    const layout = layoutOfProgram(paths, new Map([['y', 'x']]), stacks.classNames(), [
      { path: 'x.weight', tensor: a },
      { path: 'y.weight', tensor: a },
    ])
    expect(layout).toEqual({
      modules: [
        { paths: [''], className: 'Net' },
        { paths: ['x', 'y'], className: 'Linear' },
        { paths: ['list'], className: 'torch.nn.modules.container.ModuleList' },
        { paths: ['list.0'], className: '' },
      ],
      states: [{ paths: ['x.weight', 'y.weight'] }],
    })
  })
})
