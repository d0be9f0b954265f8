import { describe, expect, test } from 'vitest'
import { symbol } from '../ir/dim.ts'
import { fromValues } from '../tensor/from-values.ts'
import { OperandShapes } from './operand-shapes.ts'

function makeShapes(): { shapes: OperandShapes; written: string[] } {
  const written: string[] = []
  const shapes = new OperandShapes({
    op: (type, inputs) => `r${written.push(`${type}(${inputs.join()})`)}`,
    constant: ({ dtype, shape }) => `${dtype}[${shape.join()}]`,
  })
  shapes.setConstant('two', fromValues('float32', [], [2]))
  shapes.set('weight', [64, 32, 1, 1])
  shapes.set('scale', [1])
  return { shapes, written }
}

describe('OperandShapes', () => {
  test('OperandShapes.align() gives a constant the rank of a tensor that ends in 1', () => {
    const { shapes, written } = makeShapes()
    expect(shapes.align('Mul', ['two', 'weight'])).toEqual(['float32[1,1,1,1]', 'weight'])
    expect(written).toEqual([])
  })

  test('OperandShapes.align() reshapes a single value that is computed', () => {
    const { shapes, written } = makeShapes()
    expect(shapes.align('Div', ['weight', 'scale'])).toEqual(['weight', 'r1'])
    expect(written).toEqual(['Reshape(scale,int64[4])'])
  })

  test('OperandShapes.align() leaves all else alone', () => {
    const { shapes } = makeShapes()
    shapes.set('image', [8, 3, 32, 32])
    shapes.set('small', [4, 1])
    shapes.set('channels', [32, 1, 1])
    for (const [type, ...inputs] of [
      ['Mul', 'image', 'two'],
      ['Mul', 'small', 'two'],
      ['Mul', 'weight', 'channels'],
      ['Mul', 'weight', 'unknown'],
      ['Clip', 'weight', 'two'],
    ] as const) {
      expect(shapes.align(type, inputs)).toEqual(inputs)
    }
  })

  test('OperandShapes.infer() follows element-wise operators, symbolic sizes included', () => {
    const { shapes } = makeShapes()
    shapes.set('rows', [symbol('n'), 1])
    shapes.infer('Cast', ['rows'], 'cast')
    shapes.infer('Add', ['cast', 'scale'], 'sum')
    shapes.infer('Add', ['sum', 'unknown'], 'lost')
    expect(shapes.align('Mul', ['sum', 'two'])).toEqual(['sum', 'float32[1,1]'])
    expect(shapes.align('Mul', ['lost', 'two'])).toEqual(['lost', 'two'])
  })

  test('OperandShapes.infer() follows changes of shape by constants, and cuts from every dimension', () => {
    const { shapes } = makeShapes()
    const ints = (name: string, values: readonly number[]) =>
      shapes.setConstant(name, fromValues('int64', [values.length], values))
    ints('column', [-1, 1])
    ints('empty', [0, 1])
    ints('none', [0, 0, 0, 0])
    ints('one', [1, 1, 1, 1])
    ints('most', [9, 99, 9, 9])
    shapes.infer('Reshape', ['weight', 'column'], 'column of weight')
    shapes.infer('Reshape', ['weight', 'empty'], 'empty or not')
    shapes.infer('Reshape', ['unknown', 'column'], 'lost')
    shapes.infer('Slice', ['weight', 'none', 'one'], 'corner')
    shapes.infer('Slice', ['weight', 'none', 'most'], 'part')
    for (const [name, ones] of [
      ['column of weight', '1,1'],
      ['part', '1,1,1,1'],
    ] as const)
      expect(shapes.align('Mul', [name, 'two'])).toEqual([name, `float32[${ones}]`])
    for (const name of ['lost', 'empty or not'])
      expect(shapes.align('Mul', [name, 'two'])).toEqual([name, 'two'])
    expect(shapes.align('Where', ['corner', 'two', 'two'])).toEqual(['corner', 'two', 'two'])
    shapes.infer('Where', ['corner', 'two', 'two'], 'chosen')
    shapes.infer('Add', ['weight', 'chosen'], 'sum')
    expect(shapes.align('Sub', ['sum', 'two'])).toEqual(['sum', 'float32[1,1,1,1]'])
  })
})
