import { describe, expect, test } from 'vitest'
import { AttributeProto_AttributeType as AttributeType } from '../codec/onnx.ts'
import { attributeProto } from './attribute-proto.ts'

describe('attributeProto()', () => {
  test.each([
    [3, { type: AttributeType.INT, i: 3n }],
    [[1, -2], { type: AttributeType.INTS, ints: [1n, -2n] }],
    [[], { type: AttributeType.INTS, ints: [] }],
    [{ float: 0.5 }, { type: AttributeType.FLOAT, f: 0.5 }],
    [{ floats: [0.5, 1] }, { type: AttributeType.FLOATS, floats: [0.5, 1] }],
    [{ dtype: 'float16' as const }, { type: AttributeType.INT, i: 10n }],
    ['NOTSET', { type: AttributeType.STRING, s: new TextEncoder().encode('NOTSET') }],
  ])('attributeProto() writes %j with its type', (value, expected) => {
    expect(attributeProto('a', value)).toMatchObject({ name: 'a', ...expected })
  })
})
