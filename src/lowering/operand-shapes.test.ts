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
})
