import { describe, expect, test } from 'vitest'
import { fromValues } from '../tensor/from-values.ts'
import { ModelBuilder } from './model-builder.ts'

describe('ModelBuilder', () => {
  test('ModelBuilder.freshName() gives no name twice, and no reserved one', () => {
    const builder = new ModelBuilder(['t1', 'x'])
    expect([builder.freshName(), builder.freshName(), builder.freshName('c')]).toEqual(['t0', 't2', 'c3'])
  })

  test('ModelBuilder.addConstant() writes equal small constants once', () => {
    const builder = new ModelBuilder()
    const zero = builder.addConstant(fromValues('float32', [1], [0]))
    expect(builder.addConstant(fromValues('float32', [1], [0]))).toBe(zero)
    const others = [
      fromValues('float32', [1], [-0]),
      fromValues('float32', [], [0]),
      fromValues('int32', [1], [0]),
      fromValues('float32', [2], [0, 0]),
    ]
    const names = others.map((array) => builder.addConstant(array))
    expect(new Set([zero, ...names]).size).toBe(5)
    expect(builder.initializers).toHaveLength(5)
  })

  test('ModelBuilder.addConstant() keeps a constant with a name of its own apart', () => {
    const builder = new ModelBuilder()
    const array = fromValues('float32', [1], [2])
    expect([builder.addConstant(array), builder.addConstant(array, 'weight')]).toEqual(['c0', 'weight'])
    expect(builder.initializers).toHaveLength(2)
  })

  test('ModelBuilder.addNode() numbers nodes, so that their names stand for themselves', () => {
    const builder = new ModelBuilder()
    builder.addNode('Relu', ['x'], ['y'], {}, '', 'aten.relu')
    builder.addNode('Relu', ['y'], ['z'], {}, '', 'aten.relu')
    expect(builder.nodes.map(({ name }) => name)).toEqual(['0|aten.relu', '1|aten.relu'])
  })

  test('ModelBuilder.addBranch() puts the nodes of its bodies into the two graphs of an If', () => {
    const builder = new ModelBuilder()
    const body = (type: string) => () => {
      const name = builder.freshName()
      builder.addNode(type, ['x'], [name], {}, '', 'lowbit.fake_quantize')
      return [name]
    }
    const results = builder.addBranch(
      'isFinite',
      [body('Relu'), body('Abs')],
      ['float32'],
      'lowbit.fake_quantize',
    )
    expect(results).toEqual(['t2'])
    const [node, ...others] = builder.nodes
    expect([node?.opType, node?.input, node?.output, others]).toEqual(['If', ['isFinite'], ['t2'], []])
    const graphs = node?.attribute.map(({ name, g }) => [name, g?.node[0]?.opType, g?.output[0]?.name])
    expect(graphs).toEqual([
      ['then_branch', 'Relu', 't0'],
      ['else_branch', 'Abs', 't1'],
    ])
  })
})
